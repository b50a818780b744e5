using System.Text.Json;
using System.Text.Json.Serialization;

namespace Tenantry.Targets.Local.Bundles;

/// <summary>The parts of an OCI runtime configuration (<c>config.json</c>, version 1.0.2) that are used here.</summary>
internal sealed record OciConfig(
    OciProcess Process,
    OciRoot Root,
    IReadOnlyList<OciMount> Mounts,
    OciLinux Linux,
    string? Hostname,
    IReadOnlyDictionary<string, string> Annotations)
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    [JsonPropertyOrder(-1)]
    public string OciVersion { get; } = "1.0.2";

    /// <summary>The file's text. Equal configurations have equal texts.</summary>
    internal byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Json);

    /// <summary>The text of a process alone, as <c>exec --process</c> takes it.</summary>
    internal static byte[] ToJson(OciProcess process) => JsonSerializer.SerializeToUtf8Bytes(process, Json);

    /// <summary>Reads what <see cref="ToJson()"/> wrote.</summary>
    internal static OciConfig Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<OciConfig>(json, Json) ?? throw new JsonException("There is no configuration.");

    /// <summary>Reads the process of a configuration that <see cref="ToJson()"/> wrote.</summary>
    internal static OciProcess ProcessOf(ReadOnlySpan<byte> json) =>
        JsonSerializer.Deserialize<ProcessOnly>(json, Json)?.Process ?? throw new JsonException("The configuration has no process.");

    private sealed record ProcessOnly(OciProcess? Process);
}

internal sealed record OciProcess(
    bool Terminal,
    OciUser User,
    IReadOnlyList<string> Args,
    IReadOnlyList<string> Env,
    string Cwd,
    OciCapabilities Capabilities,
    IReadOnlyList<OciRlimit> Rlimits,
    bool NoNewPrivileges,
    int? OomScoreAdj);

internal sealed record OciUser(uint Uid, uint Gid);

internal sealed record OciCapabilities(
    IReadOnlyList<string> Bounding,
    IReadOnlyList<string> Effective,
    IReadOnlyList<string> Inheritable,
    IReadOnlyList<string> Permitted,
    IReadOnlyList<string> Ambient)
{
    internal static OciCapabilities None { get; } = new([], [], [], [], []);

    internal static OciCapabilities Of(IReadOnlyList<string> names) => new(names, names, names, names, names);
}

internal sealed record OciRlimit(string Type, ulong Hard, ulong Soft);

internal sealed record OciRoot(string Path, bool Readonly);

internal sealed record OciMount(string Destination, string Type, string Source, IReadOnlyList<string> Options);

internal sealed record OciLinux(
    IReadOnlyList<OciIdMapping>? UidMappings,
    IReadOnlyList<OciIdMapping>? GidMappings,
    IReadOnlyList<OciNamespace> Namespaces,
    string? CgroupsPath,
    OciSeccomp? Seccomp,
    IReadOnlyList<string> MaskedPaths,
    IReadOnlyList<string> ReadonlyPaths);

internal sealed record OciIdMapping([property: JsonPropertyName("containerID")] uint ContainerId, [property: JsonPropertyName("hostID")] uint HostId, uint Size);

internal sealed record OciNamespace(string Type, string? Path = null);

internal sealed record OciSeccomp(string DefaultAction, IReadOnlyList<string> Architectures, IReadOnlyList<OciSyscalls> Syscalls);

internal sealed record OciSyscalls(IReadOnlyList<string> Names, string Action, uint? ErrnoRet, IReadOnlyList<OciSyscallArgument>? Args = null);

internal sealed record OciSyscallArgument(uint Index, ulong Value, ulong? ValueTwo, string Op);
