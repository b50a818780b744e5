// A real OpenID provider for the tests: node provider.mjs PORT CALLBACK LOGOUT [KEY]. Whoever it is asked for exists; ends with its standard input. With the name of a
// key it signs with a new one that has this name.
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const [port, callback, logout, key] = process.argv.slice(2);
const jwks = key && { keys: [{ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), kid: key, use: 'sig', alg: 'RS256' }] };
const issuer = `http://127.0.0.1:${port}`;
const groups = { ann: ['acme-owners', 'everybody'], bob: ['other-members'], root: ['admins'], nobody: ['everybody'], shaky: ['acme-owners'], texty: ['acme-owners'] };

const provider = new Provider(issuer, {
  ...(jwks && { jwks }),
  clients: [
    {
      client_id: 'tenantry', client_secret: 'secret-of-the-client-for-tests', redirect_uris: [callback], grant_types: ['authorization_code'], response_types: ['code'],
      backchannel_logout_uri: logout, backchannel_logout_session_required: true,
    },
    ...['ci-bot', 'stranger'].map((client_id) => ({ client_id, client_secret: 'secret-of-the-machine-for-tests', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] })),
  ],
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id === 'texty' ? 'true' : id !== 'shaky', name: `${id} of the provider`, groups: groups[id] ?? [] }),
  }),
  claims: { openid: ['sub', 'sid'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
  // Its own way of asking is for a newer node than Debian's, and asks no address of this machine.
  fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  pkce: { required: () => true },
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId === 'tenantry' ? undefined : 'urn:tenantry:api'),
      useGrantedResource: () => true,
      getResourceServerInfo: (_, indicator) => ({ audience: indicator, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'RS256' } } }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
process.stdin.on('close', () => process.exit(0)).resume();
