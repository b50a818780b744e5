using Tenantry.Cli.Running;

namespace Tenantry.Cli.Connecting;

/// <summary>Where a control plane keeps everything when nobody says where.</summary>
internal static class DataFolder
{
    public const string OfRoot = "/var/lib/tenantry";

    /// <summary><c>--data</c>, <c>TENANTRY_DATA</c>, or the user's own: <c>/var/lib/tenantry</c> for root, else below <c>~/.local/share</c>.</summary>
    public static string Of(CliHost host, string? option) =>
        host.FullPath(option ?? host.Variable("TENANTRY_DATA") ?? Default(host));

    public static string Default(CliHost host)
    {
        if (host.IsRoot)
            return OfRoot;
        var share = host.Variable("XDG_DATA_HOME") ?? (host.Variable("HOME") is { } home ? Path.Combine(home, ".local", "share") : null);
        return share is null
            ? throw new CliException(ExitCode.Usage, "There is no home folder to keep data in.", "Say where with --data or TENANTRY_DATA.")
            : Path.Combine(share, "tenantry");
    }
}
