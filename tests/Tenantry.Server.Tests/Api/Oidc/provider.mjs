// A real OpenID provider for the tests: node provider.mjs PORT CALLBACK LOGOUT. Whoever it is asked for exists; ends with its standard input.
import { Provider } from 'oidc-provider';

const [port, callback, logout] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;
const groups = { ann: ['acme-owners', 'everybody'], bob: ['other-members'], root: ['admins'], nobody: ['everybody'], shaky: ['acme-owners'] };

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'tenantry', client_secret: 'secret-of-the-client-for-tests', redirect_uris: [callback], grant_types: ['authorization_code'], response_types: ['code'],
      backchannel_logout_uri: logout, backchannel_logout_session_required: true,
    },
    ...['ci-bot', 'stranger'].map((client_id) => ({ client_id, client_secret: 'secret-of-the-machine-for-tests', redirect_uris: [], response_types: [], grant_types: ['client_credentials'] })),
  ],
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: id !== 'shaky', name: `${id} of the provider`, groups: groups[id] ?? [] }),
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
      getResourceServerInfo: (_, indicator) => ({ audience: indicator, scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 300, jwt: { sign: { alg: 'RS256' } } }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
process.stdin.on('close', () => process.exit(0)).resume();
