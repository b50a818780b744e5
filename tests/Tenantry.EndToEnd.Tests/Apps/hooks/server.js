const fs = require('fs');
const log = '/data/log';
require('http').createServer((request, response) => {
  if (request.method !== 'POST') {
    response.end(request.url === '/log' && fs.existsSync(log) ? fs.readFileSync(log) : 'ok');
    return;
  }
  let body = '';
  request.on('data', piece => body += piece);
  request.on('end', () => {
    fs.appendFileSync(log, [request.headers['tenantry-delivery'], request.headers['x-signature'], request.url, body].join(' ') + '\n');
    response.statusCode = request.url.startsWith('/hooks/refused') ? 422 : 200;
    response.end();
  });
}).listen(8080, '127.0.0.1');
