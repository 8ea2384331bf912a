import { DecodeError } from '@kombu/core';
import { parseEvents, YAMLException } from 'js-yaml';
import type { Event } from 'js-yaml';
import { lineOf, tooDeep } from './yaml-reader.ts';

const longestReason = 120;

/** Parses YAML. The error says where and why it is none without quoting it: bodies do not belong into logs. */
export function parse(text: string, maxDepth: number): Event[] {
  try {
    // Scalars and keys are levels for the parser; YamlReader counts the collections.
    return parseEvents(text, { maxDepth: maxDepth + 2 });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error instanceof RangeError ? tooDeep(maxDepth) : error;
    if (error.reason.startsWith('nesting exceeded')) throw tooDeep(maxDepth);
    const line = lineOf(text, error.mark?.position ?? 0);
    throw new DecodeError(`Cannot read the YAML: ${error.reason.slice(0, longestReason)} (line ${line}).`);
  }
}
