// Makes a .tar.gz of which every byte follows from names and contents alone: no time, no owner, no machine.
import { gzipSync } from 'node:zlib';

const BLOCK = 512;
/** ustar's name field; longer ones would need its prefix field. In bytes. */
const MAX_NAME = 100;
/** 26 October 1985, as npm itself dates what it packs; some tools take 0 for a mistake. In seconds. */
const MTIME = 499_162_500;
/** gzip's byte for the system that packed (RFC 1952, section 2.3.1): unknown. */
const OS_BYTE = 9;
const OS_UNKNOWN = 255;

/** `files`: path in the archive, `mode` (0o644 or 0o755) and `contents`, a Buffer. They are put in the order of their paths. */
export function tarGz(files) {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const entries = sorted.flatMap(({ path, mode, contents }) => [
    header(path, mode, contents.length),
    contents,
    Buffer.alloc((BLOCK - (contents.length % BLOCK)) % BLOCK),
  ]);
  const packed = gzipSync(Buffer.concat([...entries, Buffer.alloc(2 * BLOCK)]), { level: 9 });
  packed[OS_BYTE] = OS_UNKNOWN;
  return packed;
}

/** Of a file (POSIX.1-1988, "ustar"): owner 0, without names, which are another on each machine. */
function header(path, mode, size) {
  if (Buffer.byteLength(path) > MAX_NAME)
    throw new Error(`${path}: a name in the package has ${MAX_NAME} bytes`);
  const block = Buffer.alloc(BLOCK);
  const octal = (value, at, length) => block.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  block.write(path, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(MTIME, 136, 12);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
