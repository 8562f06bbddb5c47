import { describe, expect, it } from 'vitest';
import { recordingFacts, formatName } from '../../src/shared/recordingFacts.js';
import { makeRecording } from '../make.js';

describe('facts', () => {
  it('of a video tell its length and its frames', () => {
    expect(recordingFacts(makeRecording())).toEqual([
      'Video, MP4',
      '640 × 480 pixels',
      '9.3 s',
      '28 frames to screen',
      '3.0 MB',
    ]);
  });

  it('of an image leave both out', () => {
    const still = makeRecording({ kind: 'image', format: 'png', duration_s: null });
    expect(recordingFacts(still)).toEqual(['Image, PNG', '640 × 480 pixels', '3.0 MB']);
  });

  it('tell how deep the field is where the file says', () => {
    expect(recordingFacts(makeRecording({ format: 'dicom', depth_mm: 156.4 }))).toContain(
      '15.6 cm deep',
    );
  });

  it.each([
    ['application/dicom', 'DICOM'],
    ['image/jpeg', 'JPEG'],
    ['.jpg', 'JPEG'],
    ['video/quicktime', 'MOV'],
    ['video/x-msvideo', 'AVI'],
    ['webp', 'WebP'],
  ])('write %s as %s', (type, name) => {
    expect(formatName(type)).toBe(name);
  });
});
