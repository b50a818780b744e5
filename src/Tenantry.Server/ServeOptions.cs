using Microsoft.Extensions.Logging;
using Tenantry.Server.Api;
using Tenantry.Server.People.Oidc;
using Tenantry.Server.Secrets;

namespace Tenantry.Server;

/// <summary>What <c>tenantry serve</c> was asked to do.</summary>
public sealed record ServeOptions
{
    /// <summary>Absolute; holds everything of this control plane.</summary>
    public required string DataFolder { get; init; }

    /// <summary><c>sqlite</c> (in the data folder) or a <c>postgres://</c> address.</summary>
    public string Store { get; init; } = "sqlite";

    /// <summary><c>unix</c> for the socket only, or <c>address:port</c>.</summary>
    public string Api { get; init; } = "127.0.0.1:7070";

    /// <summary><c>address:port</c>.</summary>
    public string Gateway { get; init; } = "127.0.0.1:8080";

    /// <summary><c>address:port</c> of the gateway's TLS entrance; null: there is none.</summary>
    public string? GatewayTls { get; init; }

    /// <summary>Folder of the certificates for <see cref="GatewayTls"/>: pairs NAME.crt and NAME.key.</summary>
    public string? Certificates { get; init; }

    /// <summary>Networks of proxies in front of the gateway whose forwarding headers are believed, such as <c>10.0.0.0/8</c>.</summary>
    public IReadOnlyList<string> TrustedProxies { get; init; } = [];

    /// <summary><c>address:port</c> where a gateway without an api shows <c>/metrics</c>; null: nowhere.</summary>
    public string? Metrics { get; init; }

    /// <summary>Takes the sockets of the gateway that serves this data folder, which then drains and ends.</summary>
    public bool TakesOver { get; init; }

    /// <summary>Goes on with the engine key of the data folder although the store was used with another one.</summary>
    public bool AcceptsEngineKey { get; init; }

    /// <summary>The engine's key as the service manager hands it over, in place of the data folder's file; null: it hands over none.</summary>
    public string? EngineCredential { get; init; }

    /// <summary>Who may get an export of secrets.</summary>
    public ExportRecipients ExportRecipients { get; init; } = ExportRecipients.Any;

    /// <summary>Instances answer at <c>SLUG.BASE-DOMAIN</c>.</summary>
    public string BaseDomain { get; init; } = "localhost";

    /// <summary>Roles that this process plays.</summary>
    public ServeRoles Roles { get; init; } = ServeRoles.All;

    /// <summary>The ordinary user that plays api and gateway when this process is root: <c>tenantry</c> if it exists, else <c>nobody</c>.</summary>
    public string? WebUser { get; init; }

    /// <summary>True for the web process that a privileged engine started.</summary>
    public bool IsWebChild { get; init; }

    /// <summary>The data folder's name for everybody else, where this process sees the folder in another place.</summary>
    public string? ShownFolder { get; init; }

    /// <summary>Least important level that is logged.</summary>
    public LogLevel LogLevel { get; init; } = LogLevel.Information;

    /// <summary>How log lines are written.</summary>
    public ServeLogFormat LogFormat { get; init; } = ServeLogFormat.Json;

    /// <summary>How people reach the gateway where something stands in front of it: scheme, <see cref="BaseDomain"/> and port. Null: at the gateway's own address.</summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>How people reach the API and its pages where something stands in front of it. Null: at the API's own address.</summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>The dashboard of the api, or null for none.</summary>
    public IPages? Pages { get; init; }

    /// <summary>The identity provider at which people sign in; null: none.</summary>
    public OidcOptions? Oidc { get; init; }

    /// <summary>How this program is started again for the web side: program and first arguments. Null: as it was started itself.</summary>
    public IReadOnlyList<string>? SelfCommand { get; init; }

    /// <summary>Where the database, the sockets and the files are.</summary>
    public DataFolders Folders => new(DataFolder);
}

/// <summary>How log lines are written.</summary>
public enum ServeLogFormat
{
    /// <summary>One JSON object a line.</summary>
    Json,

    /// <summary>Sentences.</summary>
    Text,
}

/// <summary>Roles of DESIGN: engine (privileged, off the network), api and gateway (face the world).</summary>
[Flags]
public enum ServeRoles
{
    None = 0,
    Engine = 1,
    Api = 2,
    Gateway = 4,
    All = Engine | Api | Gateway,
}

/// <summary>Names below the data folder.</summary>
public sealed record DataFolders(string Root)
{
    /// <summary>The API's socket for its user.</summary>
    public string ApiSocket => Path.Combine(Root, "api.sock");

    /// <summary>The engine's socket for the api and the gateway.</summary>
    public string EngineSocket => Path.Combine(Root, "engine.sock");

    /// <summary>The chosen addresses.</summary>
    public string Addresses => Path.Combine(Root, "addresses.json");

    /// <summary>The folder of the database, writable for the web user.</summary>
    public string StoreFolder => Path.Combine(Root, "store");

    /// <summary>The database of the embedded store.</summary>
    public string Database => Path.Combine(StoreFolder, "tenantry.db");

    /// <summary>Input files of builds as they were sent, one tar a digest; writable for the web user.</summary>
    public string Uploads => Path.Combine(Root, "uploads");

    /// <summary>The same unpacked and checked by the engine, one folder a digest.</summary>
    public string Sources => Path.Combine(Root, "engine", "sources");

    /// <summary>The engine's private key, 0600.</summary>
    public string EngineKey => Path.Combine(Root, "engine", "engine.key");

    /// <summary>The engine's name.</summary>
    public string EngineNode => Path.Combine(Root, "engine", "node");

    /// <summary>The same for everybody to read.</summary>
    public string EngineName => Path.Combine(Root, "engine.node");

    /// <summary>The key that takes its place when its rotation is done, 0600.</summary>
    public string NextEngineKey => Path.Combine(Root, "engine", "engine.key.next");

    /// <summary>Folder of a target's own.</summary>
    public string Target(string name) => Path.Combine(Root, "targets", name);

    /// <summary>Where a gateway hands its sockets to the next one.</summary>
    public string Handover => Path.Combine(Root, "gateway", "handover.sock");

    /// <summary>As <see cref="Handover"/>, for the web side of a privileged engine: only the next one of the same engine asks there.</summary>
    public string Renewal => Path.Combine(Root, "gateway", "renewal.sock");

    /// <summary>Webhooks that wait for their instances, and dead letters; the gateway writes it, the API reads it and moves what a person says.</summary>
    public string Webhooks => Path.Combine(Root, "gateway", "webhooks");

    /// <summary>The gateway's last good routes.</summary>
    public string Routes => Path.Combine(Root, "gateway", "routes.json");
}
