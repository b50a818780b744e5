using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Bundles;

namespace Tenantry.Targets.Local;

/// <summary>What must not reach a disk: configurations (they hold variables), secrets, rendered files. Lies on a tmpfs of the target's own.</summary>
internal static class InstanceMemory
{
    private const string SecretsFolder = "secrets";
    private const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    private const UnixFileMode AllEnter = (UnixFileMode)0b101_101_101;
    private const UnixFileMode ReadAndRun = (UnixFileMode)0b101_101_101;

    internal static void EnsureMounted(LocalPaths paths)
    {
        Directory.CreateDirectory(paths.Memory);
        if (FileSystems.TypeOf(paths.Memory) != FileSystems.Tmpfs || FileSystems.IdOf(paths.Memory) == FileSystems.IdOf(paths.Run))
            Mount(paths.Memory);
    }

    /// <summary>Writes a service's secrets and rendered files, unless this version of them is there; says where they are and are to be seen.</summary>
    /// <param name="service">Whose.</param>
    /// <param name="version">Names the version: the same name always has the same content.</param>
    /// <param name="workload">The files.</param>
    /// <param name="secrets">The secrets.</param>
    /// <param name="user">Owner of all of them, and <paramref name="group"/>.</param>
    internal static ShownContents Write(ServicePaths service, string version, ServiceWorkload workload, IReadOnlyDictionary<string, string> secrets, uint user, uint group)
    {
        var place = Path.Combine(service.Contents, Short(version));
        if (!Directory.Exists(place))
        {
            var begun = $"{place}.new";
            Clear(begun);
            var folder = Path.Combine(begun, SecretsFolder);
            Directory.CreateDirectory(folder);
            foreach (var (name, value) in secrets)
                WriteFile(Path.Combine(folder, name), value, OwnerReads, user, group);
            File.SetUnixFileMode(folder, AllEnter);
            for (var number = 0; number < workload.Files.Count; number++)
                WriteFile(Path.Combine(begun, $"{number}"), workload.Files[number].Content, (UnixFileMode)workload.Files[number].Mode & ReadAndRun, user, group);
            Directory.Move(begun, place);
        }

        return new ShownContents(Path.Combine(place, SecretsFolder), [.. workload.Files.Select((file, number) => new Shown(Path.Combine(place, $"{number}"), file.Path))]);
    }

    /// <summary>Removes every version but one.</summary>
    internal static void KeepOnly(ServicePaths service, string version)
    {
        if (!Directory.Exists(service.Contents))
            return;
        foreach (var other in Directory.EnumerateDirectories(service.Contents).Where(other => Path.GetFileName(other) != Short(version)))
            Clear(other);
    }

    /// <summary>The names that the instance knows of itself.</summary>
    /// <param name="paths">Whose.</param>
    /// <param name="hostName">Its host name.</param>
    /// <param name="names">Lines for hosts that it may reach.</param>
    internal static void WriteHosts(InstancePaths paths, string hostName, string names) =>
        WriteShared(paths.Hosts, $"127.0.0.1 localhost\n::1 localhost\n127.0.0.1 {hostName}\n{names}");

    /// <summary>The name servers that the instance may ask.</summary>
    internal static void WriteResolvers(InstancePaths paths, IEnumerable<System.Net.IPAddress> resolvers) =>
        WriteShared(paths.Resolvers, string.Concat(resolvers.Select(resolver => $"nameserver {resolver}\n")));

    /// <summary>Writes a configuration and gives its digest.</summary>
    internal static string WriteConfig(ServicePaths service, OciConfig config)
    {
        Directory.CreateDirectory(Path.Combine(service.Bundle, LocalBundle.RootFolder));
        var json = config.ToJson();
        AtomicFile.Write(service.Config, json, durable: false);
        return DigestOf(json);
    }

    internal static string? ReadConfigDigest(ServicePaths service) => File.Exists(service.Config) ? DigestOf(File.ReadAllBytes(service.Config)) : null;

    internal static void Remove(InstancePaths paths) => Clear(paths.Memory);

    private static void Mount(string place)
    {
        try
        {
            Mounts.Mount("tenantry", place, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0700,noswap");
        }
        catch (LinuxException error) when (error.Errno == Errno.Invalid)
        {
            // Linux before 6.4 cannot keep a tmpfs out of the swap.
            Mounts.Mount("tenantry", place, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0700");
        }
    }

    // Written in place: running containers see the same file.
    private static void WriteShared(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        if (File.Exists(path) && File.ReadAllText(path) == content)
            return;
        File.WriteAllText(path, content);
        File.SetUnixFileMode(path, (UnixFileMode)0b100_100_100);
    }

    private static void WriteFile(string path, string content, UnixFileMode mode, uint user, uint group)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(path, options))
            file.Write(Encoding.UTF8.GetBytes(content));
        Ownership.Give(path, user, group);
        File.SetUnixFileMode(path, mode);
    }

    private static string Short(string version) => version[..16];

    private static void Clear(string folder)
    {
        if (Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
    }

    private static string DigestOf(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));
}

/// <summary>Where a service's secrets lie, and its rendered files with where they are to be seen.</summary>
internal sealed record ShownContents(string Secrets, IReadOnlyList<Shown> Files);
