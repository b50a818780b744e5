using Tenantry.Cli.Running;
using Tenantry.Server;

namespace Tenantry.Cli.Quickstarting;

/// <summary>Where the quickstart keeps its control plane, and what of it may be kept for the next time.</summary>
internal static class QuickstartFolder
{
    private const UnixFileMode Traversable = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>The one named by <c>--data</c>; otherwise one that the next call finds again, or for a check one of its own.</summary>
    public static string Of(Call call, string? option, bool isCheck)
    {
        if (option is not null)
            return call.Host.FullPath(option);
        var usual = Connecting.DataFolder.Default(call.Host) + "-quickstart";
        return isCheck ? $"{usual}-check-{Guid.NewGuid():n}"[..^20] : usual;
    }

    /// <summary>
    /// Makes it. The results of builds are kept outside, where the next quickstart finds them: they are named by the digest of
    /// everything that went into them, so that an old one is never mistaken for a new one.
    /// </summary>
    /// <exception cref="CliException">The folder holds something that no quickstart made.</exception>
    public static void Make(CliHost host, string folder)
    {
        IsMade(folder);
        Directory.CreateDirectory(folder, Traversable);
        Directory.CreateDirectory(Path.GetDirectoryName(Mark(folder))!, OwnerOnly);
        File.WriteAllText(Mark(folder), "Made by 'tenantry quickstart'; 'tenantry quickstart --remove' removes this folder.\n");
        var builds = Path.Combine(new DataFolders(folder).Target(Demo.Target), "builds");
        if (Path.Exists(builds))
            return;
        var cache = Cache(host);
        Directory.CreateDirectory(cache, Traversable);
        Directory.CreateDirectory(Path.GetDirectoryName(builds)!, Traversable);
        Directory.CreateSymbolicLink(builds, cache);
    }

    /// <summary>True for one that an earlier quickstart made, false for one that is empty or not there; refuses any other.</summary>
    public static bool IsMade(string folder)
    {
        if (!Directory.Exists(folder) || !Directory.EnumerateFileSystemEntries(folder).Any())
            return false;
        Require(folder);
        return true;
    }

    /// <summary>Refuses one that is not there, or that no quickstart made.</summary>
    public static void RequireMade(string folder)
    {
        if (!Directory.Exists(folder))
            throw new CliException(ExitCode.NotFound, $"There is nothing to remove: no {folder}.", "Say --data DIR when the quickstart was given one.");
        Require(folder);
    }

    private static void Require(string folder)
    {
        if (!Directory.Exists(Path.GetDirectoryName(Mark(folder))))
            throw new CliException(ExitCode.Usage, $"{folder} was not made by a quickstart. Nothing was changed.", "Name a folder that is empty or not there, or one of an earlier quickstart.");
    }

    private static string Mark(string folder) => Path.Combine(folder, "quickstart", "MADE");

    public static string Cache(CliHost host) => host.IsRoot
        ? "/var/cache/tenantry/builds"
        : Path.Combine(host.Variable("XDG_CACHE_HOME") ?? Path.Combine(host.Variable("HOME") ?? "/", ".cache"), "tenantry", "builds");

    /// <summary>The folder of an example: beside the program, or in the sources that it was built from.</summary>
    public static string FindExample(string name)
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var example = Path.Combine(folder, "examples", name);
            if (File.Exists(Path.Combine(example, Applying.ManifestFile.DefaultName)))
                return example;
        }

        throw new CliException(ExitCode.Failed, $"The example {name} is not beside this program.", "Run ./tenantry quickstart from the sources.");
    }
}
