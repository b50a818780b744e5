// Speaks HTTP/2 without TLS and nothing else: sends back each piece as it comes, then how much it was.
const http2 = require('http2');
const hooks = [];
http2.createServer().on('stream', (stream, headers) => {
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
