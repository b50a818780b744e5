const http = require('http');
const { createHash } = require('crypto');
const server = http.createServer((request, response) => response.end('ok'));
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ' + accept + '\r\n\r\n');
  // Every frame is a short masked text: sent back unmasked.
  socket.on('data', frame => {
    const length = frame[1] & 127, mask = frame.subarray(2, 6), text = Buffer.from(frame.subarray(6, 6 + length).map((byte, at) => byte ^ mask[at % 4]));
    if ((frame[0] & 15) === 1) socket.write(Buffer.concat([Buffer.from([129, text.length]), text]));
    else socket.end();
  });
  socket.on('error', () => {});
});
server.listen(8080, '127.0.0.1');
