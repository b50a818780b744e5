using System.Text.Json.Nodes;

namespace Tenantry.Model.Manifests.Shapes;

/// <summary>Paths: inside the instance, beside the manifest, in an address.</summary>
internal static class PathValues
{
    public const string AbsolutePattern = "^/[^:\\s]*$";

    // What the sandbox itself puts there: its own mounts, the release, the secrets.
    private static readonly string[] ReservedTrees = ["/proc", "/sys", "/dev", "/run/secrets", RunDefinition.BuildMount];

    // On targets that use the host's own programs these are the host's, read-only.
    private static readonly string[] SystemTrees = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];

    /// <summary>A path inside the instance.</summary>
    public static Shape<string> Absolute { get; } = Values.Checked("an absolute path inside the instance, such as /data", "string", AbsolutePattern, AbsoluteProblem);

    /// <summary>A path inside the instance where something of the tenant's is put.</summary>
    public static Shape<string> Mountable { get; } = Values.Checked(
        "an absolute path inside the instance, such as /data", "string", AbsolutePattern,
        text => AbsoluteProblem(text) ?? (IsReserved(text) ? ReservedMessage(text) : null));

    /// <summary>A path beside or below the manifest.</summary>
    public static Shape<string> Relative { get; } = Values.Checked(
        "a path relative to the manifest, such as config/app.conf", "string", "^[^/].*$",
        text => text.Length == 0 || text.Any(char.IsControl) ? ""
            : text[0] == '/' ? $"'{text}' is absolute; expected a path relative to the manifest."
            : text.Split('/').Contains("..") ? $"'{text}' leaves the manifest's folder."
            : null);

    /// <summary>A glob below the manifest, perhaps with a <c>!</c> in front.</summary>
    public static Shape<string> Glob { get; } = Values.Checked(
        "a glob relative to the manifest, such as src/**", "string", "^!?[^/!].*$",
        text => text.TrimStart('!').Length == 0 || text.StartsWith("!!", StringComparison.Ordinal) || text.Any(char.IsControl) ? ""
            : text.TrimStart('!')[0] == '/' ? $"'{text}' is absolute; expected a glob relative to the manifest."
            : text.TrimStart('!').Split('/').Contains("..") ? $"'{text}' leaves the manifest's folder."
            : null);

    /// <summary>The path of a request, perhaps with a query.</summary>
    public static Shape<string> Request { get; } = Values.Matching("the path of a request, such as /healthz", @"^/[^\s#]*$");

    /// <summary>Which requests: a path, or the beginning of one and a <c>*</c>.</summary>
    public static Shape<string> RequestPattern { get; } = Values.Matching("a path such as /hooks/telegram, or the beginning of paths such as /hooks/*", @"^/[^\s#?*]*\*?$");

    /// <summary>Permission bits in octal. The leading zero of 0440 makes no difference, with quotes or without.</summary>
    public static Shape<UnixFileMode> Mode { get; } = new TextShape<UnixFileMode>(
        "permission bits of a read-only file in octal, such as \"0440\" or \"0555\"",
        t => t.Text.Length is 3 or 4 && t.Text.All(c => c is >= '0' and <= '7') && Convert.ToInt32(t.Text, 8) is var bits && (bits & ~0b101_101_101) == 0 && bits != 0
            ? Parsed<UnixFileMode>.Ok((UnixFileMode)bits) : Parsed<UnixFileMode>.Wrong(""),
        () => new JsonObject { ["anyOf"] = new JsonArray(new JsonObject { ["type"] = "string", ["pattern"] = "^0?[0145]{3}$" }, new JsonObject { ["type"] = "integer" }) },
        mode => "0" + Convert.ToString((int)mode, 8).PadLeft(3, '0'));

    public static string? AbsoluteProblem(string text) =>
        text.Length == 0 || text[0] != '/' ? ""
        : text.Contains("${", StringComparison.Ordinal) ? $"References are not expanded in a path; '{text}' would be the same for all tenants, each of whom has a file system of their own anyway."
        : text.Contains(':', StringComparison.Ordinal) ? $"'{text}' has a colon; an instance sees no folders of the host, only volumes of its own."
        : text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) ? $"'{text}' has white space or control characters."
        : text != "/" && text.Split('/').Skip(1).Any(part => part is "" or "." or "..") ? $"'{text}' is not in its shortest form: no empty parts, no '.', no '..', no slash at the end."
        : null;

    /// <summary>Whether the path, or a folder around it, belongs to the sandbox.</summary>
    public static bool IsReserved(string path) => path is "/" or "/run" or "/tmp" || ReservedTrees.Any(tree => IsIn(path, tree));

    public static string ReservedMessage(string path) =>
        $"'{path}' is reserved: /, /run, /tmp and everything below {string.Join(", ", ReservedTrees)} belong to the sandbox.";

    /// <summary>Whether the path is the host's own on targets that use the host's programs.</summary>
    public static bool IsSystem(string path) => SystemTrees.Any(tree => IsIn(path, tree));

    public static bool IsIn(string path, string tree) => path == tree || path.StartsWith(tree + "/", StringComparison.Ordinal);
}
