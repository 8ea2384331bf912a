/** Which bit announces which basic property. They stand in this order. */
export const propertyFlags = {
  contentType: 0x80_00,
  contentEncoding: 0x40_00,
  headers: 0x20_00,
  deliveryMode: 0x10_00,
  priority: 0x08_00,
  correlationId: 0x04_00,
  replyTo: 0x02_00,
  expiration: 0x01_00,
  messageId: 0x00_80,
  timestamp: 0x00_40,
  type: 0x00_20,
  userId: 0x00_10,
  appId: 0x00_08,
  clusterId: 0x00_04,
} as const;
