// Speaks HTTP/2 without TLS and nothing else: sends back each piece as it comes, then how much it was.
const http2 = require('http2');
const hooks = [];
http2.createServer({ settings: { enableConnectProtocol: true } }).on('stream', (stream, headers) => {
  if (headers[':method'] === 'CONNECT') {
    // A WebSocket that says short messages back.
    stream.respond({ ':status': 200 });
    stream.on('data', frame => {
      const length = frame[1] & 127, mask = frame.subarray(2, 6);
      stream.write(Buffer.concat([Buffer.from([frame[0], length]), Buffer.from(frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]))]));
      if ((frame[0] & 15) === 8) stream.end();
    });
    stream.on('error', () => {});
    return;
  }
  if (headers[':path'] === '/log') {
    stream.respond({ ':status': 200 });
    stream.end(hooks.join('\n'));
    return;
  }
  let length = 0, body = '';
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-length': String(length) }));
  stream.respond({ ':status': 200, 'x-tenant': headers['x-tenant-name'] }, { waitForTrailers: true });
  stream.on('data', piece => { length += piece.length; body += piece; stream.write(piece); });
  stream.on('end', () => {
    if (headers['tenantry-delivery']) hooks.push(headers['tenantry-delivery'] + ' ' + body);
    stream.end();
  });
  stream.on('error', () => {});
}).listen(50051, '127.0.0.1');
