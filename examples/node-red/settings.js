// Rendered by Tenantry for each tenant, read-only. What the tenant changes in the editor is in /data.
const fs = require("node:fs");
const path = require("node:path");
const crypto = require("node:crypto");

const userDir = "/data";
const flowFile = "flows.json";

// The first start finds an empty volume: it gets the flows that every tenant begins with.
if (!fs.existsSync(path.join(userDir, flowFile))) {
    fs.copyFileSync("/etc/node-red/first-flows.json", path.join(userDir, flowFile));
}

// Read when it is asked for, so that the token stands in no file that the editor or a flow could show.
const token = () => fs.readFileSync("/run/secrets/token", "utf8");
const same = (a, b) => {
    const hash = (text) => crypto.createHash("sha256").update(text).digest();
    return crypto.timingSafeEqual(hash(a), hash(b));
};

module.exports = {
    uiHost: "127.0.0.1",
    uiPort: 1880,
    userDir,
    flowFile,
    credentialSecret: fs.readFileSync("/run/secrets/credentials", "utf8"),
    httpAdminRoot: "/admin",
    // Tells Tenantry that the editor works, whatever the tenant does with the flows.
    httpAdminMiddleware: (request, response, next) => (request.path === "/healthz" ? response.send("ok") : next()),
    adminAuth: {
        type: "credentials",
        users: [],
        tokens: async (given) => (same(given, token()) ? { username: "${tenant.name}", permissions: "*" } : null),
    },
    contextStorage: { default: { module: "localfilesystem" } },
    telemetry: { enabled: false, updateNotification: false },
    externalModules: { palette: { allowInstall: false }, modules: { allowInstall: false } },
    editorTheme: {
        page: { title: process.env.TENANT_TITLE },
        header: { title: process.env.TENANT_TITLE },
        tours: false,
    },
    logging: { console: { level: "info", metrics: false, audit: false } },
};
