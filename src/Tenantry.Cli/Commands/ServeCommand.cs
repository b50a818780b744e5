using System.CommandLine;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tenantry.Cli.Running;
using Tenantry.Dashboard.Serving;
using Tenantry.Server;
using Tenantry.Server.People.Oidc;
using Tenantry.Server.Secrets;
using Tenantry.Server.Serving;

namespace Tenantry.Cli.Commands;

/// <summary><c>tenantry serve</c></summary>
internal static class ServeCommand
{
    private static readonly string[] Levels = ["trace", "debug", "information", "warning", "error"];
    private static readonly Dictionary<string, ServeRoles> RoleNames = new(StringComparer.Ordinal)
    {
        ["engine"] = ServeRoles.Engine,
        ["api"] = ServeRoles.Api,
        ["gateway"] = ServeRoles.Gateway,
    };

    private const int LongestDomain = 200;
    private static readonly Option<string> Store = new("--store")
    {
        Description = "Where everything is stored: sqlite (in the data folder) or postgres://USER@HOST/DATABASE (TENANTRY_STORE, for an address with a password).",
        HelpName = "STORE",
        DefaultValueFactory = _ => "sqlite",
    };

    private static readonly Option<string> Api = Text("--api", "ADDRESS", "127.0.0.1:7070", "Where the API listens besides its socket: address:port (port 0 picks a free one), or unix for the socket alone.");
    private static readonly Option<string> Gateway = Text("--gateway", "ADDRESS", "127.0.0.1:8080", "Where the gateway listens: address:port. Port 0 picks a free one.");
    private static readonly Option<string?> GatewayTls = new("--gateway-tls") { Description = "Where the gateway listens for HTTP over TLS: address:port. Needs --certificates.", HelpName = "ADDRESS" };
    private static readonly Option<string?> Certificates = new("--certificates") { Description = "Folder of certificates for --gateway-tls: pairs NAME.crt and NAME.key (PEM), read again when they change.", HelpName = "DIR" };
    private static readonly Option<string[]> TrustedProxies = new("--trusted-proxy") { Description = "Network of proxies in front of the gateway whose X-Forwarded-* and Forwarded are believed, such as 10.0.0.0/8. May be given several times.", HelpName = "CIDR" };
    private static readonly Option<string?> Metrics = new("--metrics") { Description = "Where a gateway that serves alone shows /metrics: address:port. With the api they are on its address.", HelpName = "ADDRESS" };
    private static readonly Option<bool> TakeOver = new("--take-over") { Description = "Take the sockets of the gateway that serves this data folder; it drains and ends. With --role gateway." };
    private static readonly Option<bool> AcceptEngineKey = new("--accept-engine-key") { Description = "Go on with the data folder's engine key although the store was used with another one, which is lost: secrets have to be set again." };
    private static readonly Option<string> BaseDomain = Text("--base-domain", "DOMAIN", "localhost", "Instances answer at SLUG.DOMAIN.");
    private static readonly Option<string> Role = Text("--role", "ROLES", "engine,api,gateway", "Which roles this process plays, with commas between them.");
    private static readonly Option<string?> WebUser = new("--web-user") { Description = "The ordinary user that plays api and gateway when root serves (default: tenantry, else nobody).", HelpName = "USER" };
    private static readonly Option<string> Level = Text("--log-level", string.Join('|', Levels), "information", "Least important lines of the log, which goes to standard error as JSON.");
    private static readonly Option<string?> LogFormat = new("--log-format") { Description = "json or text (default: text on a terminal, else json).", HelpName = "FORMAT" };
    private static readonly Option<string?> PublicUrl = new("--public-url") { Description = "How people reach the gateway when something stands in front of it, such as https://apps.example.com: instances' addresses have this scheme and port, and this name as base domain.", HelpName = "URL" };
    private static readonly Option<string?> ApiUrl = new("--api-url") { Description = "How people reach the API and its pages when something stands in front of it, such as https://console.example.com. Not a name of the gateway's.", HelpName = "URL" };
    private static readonly Option<string?> Oidc = new("--oidc") { Description = "The identity provider at which people sign in: a JSON file with issuer, clientId, clientSecretFile and roles (docs/access.md).", HelpName = "FILE" };
    private static readonly Option<string?> Recipients = new("--export-recipients") { Description = "Public keys (P-256, PEM) that 'secret export' may seal to; a file that the engine reads. Not said: any key.", HelpName = "FILE" };
    private static readonly Option<bool> WebChild = new("--web-child") { Hidden = true };

    public static Command Create(CliHost host)
    {
        Level.AcceptOnlyFromAmong(Levels);
        LogFormat.AcceptOnlyFromAmong("json", "text");
        return new Command("serve", "Run the control plane: engine, api and gateway. SIGTERM ends it; instances go on running.")
        {
            Store, Api, Gateway, GatewayTls, Certificates, TrustedProxies, Metrics, TakeOver, AcceptEngineKey, BaseDomain, PublicUrl, ApiUrl, Oidc, Recipients, Role, WebUser, Level, LogFormat, WebChild,
        }.Does(host, async call => await Serve.RunAsync(Options(call), host.Out, call.CancellationToken));
    }

    private static ServeOptions Options(Call call)
    {
        var publicUrl = call.Value(PublicUrl) is { } text ? Url("--public-url", text) : null;
        if (publicUrl is not null && call.IsGiven(BaseDomain) && call.Value(BaseDomain) != publicUrl.Host)
            throw new CliException(ExitCode.Usage, $"--public-url says that instances answer below {publicUrl.Host}, and --base-domain says {call.Value(BaseDomain)}. One of them is enough.");
        if (call.IsGiven(Metrics) && (Roles(call.Value(Role)!) & (ServeRoles.Api | ServeRoles.Gateway)) != ServeRoles.Gateway)
            throw new CliException(ExitCode.Usage, "--metrics is for a gateway that serves without the api. With the api, /metrics is on the address of --api.");
        return Options(call, publicUrl);
    }

    private static ServeOptions Options(Call call, Uri? publicUrl) => new()
    {
        DataFolder = call.DataFolder,
        Store = call.IsGiven(Store) ? call.Value(Store)! : call.Host.Variable("TENANTRY_STORE") ?? call.Value(Store)!,
        Api = call.Value(Api)!,
        Gateway = call.Value(Gateway)!,
        GatewayTls = call.Value(GatewayTls),
        Certificates = call.Value(Certificates) is { } folder ? Path.GetFullPath(folder) : null,
        TrustedProxies = call.Value(TrustedProxies) ?? [],
        Metrics = call.Value(Metrics),
        TakesOver = call.Value(TakeOver),
        AcceptsEngineKey = call.Value(AcceptEngineKey),
        EngineCredential = Credential(call),
        ExportRecipients = call.Value(Recipients) is { } recipients ? Configured(() => ExportRecipients.ReadFile(call.Host.FullPath(recipients))) : ExportRecipients.Any,
        PublicUrl = publicUrl,
        ApiUrl = call.Value(ApiUrl) is { } api ? Url("--api-url", api) : null,
        Oidc = Provider(call),
        BaseDomain = publicUrl?.Host ?? Domain("--base-domain", call.Value(BaseDomain)!.ToLowerInvariant()),
        Roles = Roles(call.Value(Role)!),
        WebUser = call.Value(WebUser),
        IsWebChild = call.Value(WebChild),
        ShownFolder = call.Host.Variable("TENANTRY_DATA_SHOWN"),
        LogFormat = (call.Value(LogFormat) ?? (call.Host.ErrorIsTerminal ? "text" : "json")) == "text" ? ServeLogFormat.Text : ServeLogFormat.Json,
        Pages = Roles(call.Value(Role)!).HasFlag(ServeRoles.Api) ? Pages() : null,
        LogLevel = Enum.Parse<LogLevel>(call.Value(Level)!, ignoreCase: true),
    };

    // Who plays the gateway alone never loads it.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static DashboardPages Pages() => new();

    // As systemd hands it over (LoadCredential=engine.key:…), readable by this process alone.
    private static string? Credential(Call call) =>
        call.Host.Variable("CREDENTIALS_DIRECTORY") is { Length: > 0 } folder && Path.Combine(folder, EngineKey.CredentialName) is var file && File.Exists(file) ? file : null;

    private static OidcOptions? Provider(Call call) =>
        call.Value(Oidc) is { } file ? Configured(() => OidcOptions.ReadFile(call.Host.FullPath(file)))
        : call.Host.Variable(OidcOptions.Variable) is { Length: > 0 } text ? Configured(() => OidcOptions.Read(text, OidcOptions.Variable)) : null;

    private static T Configured<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ServeConfigurationException wrong)
        {
            throw new CliException(ExitCode.Usage, wrong.Message);
        }
    }

    private static ServeRoles Roles(string text)
    {
        var roles = ServeRoles.None;
        foreach (var word in text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            if (!RoleNames.TryGetValue(word, out var role))
                throw new CliException(ExitCode.Usage, $"--role: there is no role '{word}'. There are: {string.Join(", ", RoleNames.Keys)}.");
            roles |= role;
        }

        return roles != ServeRoles.None ? roles : throw new CliException(ExitCode.Usage, "--role names no role.");
    }

    private static string Domain(string option, string text) => text.Length <= LongestDomain && text.Split('.').All(IsLabel)
        ? text
        : throw new CliException(ExitCode.Usage, $"{option}: '{text}' is no domain: names of letters, digits and hyphens are expected, with dots between them, such as apps.example.com.");

    private static Uri Url(string option, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.PathAndQuery != "/" || url.UserInfo.Length > 0 || url.Fragment.Length > 0)
            throw new CliException(ExitCode.Usage, $"{option}: '{text}' is not an address such as https://apps.example.com: scheme, name and, if it is not the usual one, port.");
        Domain(option, url.Host);
        return url;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static Option<string> Text(string name, string help, string standard, string description) =>
        new(name) { Description = description, HelpName = help, DefaultValueFactory = _ => standard };
}
