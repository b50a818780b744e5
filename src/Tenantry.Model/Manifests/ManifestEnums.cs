using System.Text.Json.Serialization;

namespace Tenantry.Model.Manifests;

/// <summary>What is spoken on a port: HTTP/1.1, HTTP/2 without TLS (as gRPC servers do), or something that the gateway cannot reach.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PortProtocol>))]
public enum PortProtocol { Http, H2c, Tcp }

/// <summary>The host's own <c>/usr</c> and libraries, an unpacked folder, or an image in a tar file or OCI layout.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RootKind>))]
public enum RootKind { Host, Folder, Image }

/// <summary>The OCI runtime of the local target; <see cref="Runsc"/> is gVisor, a kernel of the tenant's own.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SandboxRuntime>))]
public enum SandboxRuntime { Crun, Runc, Runsc }

/// <summary>What Tenantry makes for a secret that nobody has to think of.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<GeneratedKind>))]
public enum GeneratedKind { Token, Password, Keypair }

/// <summary>The level a secret's value is kept at, from wide to narrow; the nearest value wins.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SecretScope>))]
public enum SecretScope { App, Organization, Tenant, Instance }

/// <summary>When spent LLM money counts from zero again: at 00:00 UTC of each day, Monday or first of the month, or never.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<LlmReset>))]
public enum LlmReset { None, Daily, Weekly, Monthly }

/// <summary>Nowhere, anywhere but private ranges and the metadata address, or only what is listed.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EgressMode>))]
public enum EgressMode { None, Internet, Listed }

/// <summary>What a feature's value is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<FeatureType>))]
public enum FeatureType { Bool, String, Number }

/// <summary>Whether a webhook's sender gets 202 when the request is on disk, or the app's own answer after the wake.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WebhookAnswer>))]
public enum WebhookAnswer { Stored, Held }
