using System.Globalization;

namespace Tenantry.Targets.Local.Bundles;

/// <summary>
/// The bundle of runc and gVisor. They open the sources of mounts as the instance's user, to whom every way below the target's folders is closed. So each
/// source is shown in one folder that everybody may enter, which only the mounts of the runtime and of its sandbox have.
/// </summary>
/// <param name="Config">The configuration with its sources in that folder.</param>
/// <param name="Shown">What is to be shown, each with its name in that folder.</param>
internal sealed record SandboxView(OciConfig Config, IReadOnlyList<Shown> Shown)
{
    /// <summary>The folder: there is one on every Linux, open to all. What the machine has there itself is hidden from the sandbox alone.</summary>
    internal const string Folder = "/mnt";

    internal static SandboxView Of(OciConfig config, string root)
    {
        var shown = new List<Shown> { new(root, LocalBundle.RootFolder) };
        var mounts = config.Mounts.Select(mount => mount.Type == "bind" ? mount with { Source = Show(mount.Source) } : mount).ToList();
        return new SandboxView(config with { Mounts = mounts }, shown);

        string Show(string source)
        {
            var name = shown.Count.ToString(CultureInfo.InvariantCulture);
            shown.Add(new Shown(source, name));
            return Path.Combine(Folder, name);
        }
    }
}
