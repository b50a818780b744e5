using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Local.Networks;

/// <summary>The network namespace of an instance, and the ipc and uts namespaces that its services share when there are several.</summary>
internal static class InstanceNetwork
{
    /// <summary>Makes what is missing.</summary>
    /// <param name="paths">Whose.</param>
    /// <param name="hostName">Host name in a shared uts namespace.</param>
    /// <param name="several">True when several services share them.</param>
    /// <param name="member">A running process of the instance whose namespaces to pin again, or null.</param>
    internal static void Ensure(InstancePaths paths, string hostName, bool several, int? member)
    {
        Directory.CreateDirectory(paths.Target.Namespaces);
        if (IsWhole(paths, several))
            return;
        if (member is { } pid)
        {
            Repin(paths.Network, $"/proc/{pid}/ns/net");
            if (several)
            {
                Repin(paths.Ipc, $"/proc/{pid}/ns/ipc");
                Repin(paths.Uts, $"/proc/{pid}/ns/uts");
            }

            return;
        }

        Remove(paths);
        PinnedNamespaces.Create(paths.Network, several ? paths.Ipc : null, several ? paths.Uts : null, hostName);
    }

    internal static bool IsWhole(InstancePaths paths, bool several) =>
        PinnedNamespaces.IsPinned(paths.Network) && (!several || (PinnedNamespaces.IsPinned(paths.Ipc) && PinnedNamespaces.IsPinned(paths.Uts)));

    internal static bool AnyLeft(InstancePaths paths) => Files(paths).Any(File.Exists);

    internal static void Remove(InstancePaths paths)
    {
        foreach (var file in Files(paths))
            PinnedNamespaces.Unpin(file);
    }

    private static void Repin(string file, string source)
    {
        if (!PinnedNamespaces.IsPinned(file))
            PinnedNamespaces.Pin(source, file);
    }

    private static string[] Files(InstancePaths paths) => [paths.Uts, paths.Ipc, paths.Network];
}
