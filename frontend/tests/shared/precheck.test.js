import { describe, expect, it } from 'vitest';
import { precheck } from '../../src/shared/precheck.js';

describe('before a byte is sent', () => {
  const limits = /** @type {import('../../src/api/screenings.js').Limits} */ ({ max_bytes: 1000 });

  it.each([
    [{ size: 0, type: 'video/mp4' }, 'empty_file'],
    [{ size: 1001, type: 'video/mp4' }, 'file_too_large'],
    [{ size: 10, type: 'application/pdf' }, 'unsupported_type'],
    [{ size: 10, type: 'text/plain' }, 'unsupported_type'],
    [{ size: 10, type: 'audio/mpeg' }, 'unsupported_type'],
  ])('%o is refused as %s', (file, code) => {
    expect(precheck(file, limits)?.code).toBe(code);
    expect(precheck(file, limits)?.detail).toMatch(/choose|Cut|Export/);
  });

  it.each([
    { size: 1000, type: 'video/mp4' },
    { size: 10, type: '' },
    { size: 10, type: 'image/tiff' },
    { size: 10, type: 'application/dicom' },
    { size: 10, type: 'application/octet-stream' },
    { size: 10, type: 'application/vnd.rn-realmedia' },
    { size: 10, type: 'application/x-troff-msvideo' },
  ])('%o may be sent', (file) => {
    expect(precheck(file, limits)).toBeNull();
  });

  it('any size may be sent while the limits are not known', () => {
    expect(precheck({ size: 1e12, type: '' }, null)).toBeNull();
  });
});
