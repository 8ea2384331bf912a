/** Frame types of AMQP 0-9-1. */
export const frameMethod = 1;
export const frameHeader = 2;
export const frameBody = 3;

/** The last byte of each frame. */
export const frameEnd = 0xce;

/** Type, channel and size before the payload. */
export const frameHeadBytes = 7;

/** What a frame has beside its payload. */
export const frameOverheadBytes = 8;

/** The class whose methods carry messages. */
export const basicClass = 60;

/** Class and method numbers, as they stand at the start of a method frame. */
export const basicPublish = 0x00_3c_00_28;
export const basicReturn = 0x00_3c_00_32;
export const basicDeliver = 0x00_3c_00_3c;
export const basicGet = 0x00_3c_00_46;
export const basicGetOk = 0x00_3c_00_47;
export const basicAck = 0x00_3c_00_50;
export const basicReject = 0x00_3c_00_5a;
export const basicRecover = 0x00_3c_00_6e;
export const basicNack = 0x00_3c_00_78;
