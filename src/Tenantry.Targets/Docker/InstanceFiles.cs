using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker;

/// <summary>Secrets and rendered files, on a tmpfs of the target's own that containers see parts of, read-only.</summary>
internal sealed class InstanceFiles(string runFolder)
{
    private const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    private const UnixFileMode OwnerEnters = UnixFileMode.UserRead | UnixFileMode.UserExecute;
    private const UnixFileMode ReadAndRun = (UnixFileMode)0b101_101_101;
    private readonly string _memory = Path.Combine(runFolder, "memory");
    private readonly Lock _mounting = new();

    /// <summary>The instance's folder.</summary>
    internal string Of(InstanceRef instance) => Path.Combine(_memory, DockerNames.Base(instance));

    /// <summary>Writes a service's files, each for the service's user alone, unless they are there.</summary>
    internal void Write(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place)
    {
        EnsureMounted();
        if (Directory.Exists(place.Root))
            return;
        var (user, group) = DockerContainers.UserOf(service);
        var making = place with { Version = place.Version + ".new" };
        if (Directory.Exists(making.Root))
            Directory.Delete(making.Root, recursive: true);
        Directory.CreateDirectory(making.Secrets);
        foreach (var (name, value) in workload.Secrets)
            Put(Path.Combine(making.Secrets, name), value, OwnerReads, user, group);
        Ownership.Give(making.Secrets, user, group);
        File.SetUnixFileMode(making.Secrets, OwnerEnters);
        Directory.CreateDirectory(Path.GetDirectoryName(making.File(0))!);
        for (var i = 0; i < service.Files.Count; i++)
            Put(making.File(i), service.Files[i].Content, (UnixFileMode)service.Files[i].Mode & ReadAndRun, user, group);
        Directory.Move(making.Root, place.Root);
    }

    /// <summary>Removes what a service had before.</summary>
    internal static void RemoveOthers(ServiceMemory place)
    {
        if (!Directory.Exists(place.OfService))
            return;
        foreach (var other in Directory.EnumerateDirectories(place.OfService).Where(path => path != place.Root))
            Directory.Delete(other, recursive: true);
    }

    internal void Remove(InstanceRef instance)
    {
        if (Directory.Exists(Of(instance)))
            Directory.Delete(Of(instance), recursive: true);
    }

    private void EnsureMounted()
    {
        lock (_mounting)
        {
            Directory.CreateDirectory(_memory);
            if (FileSystems.TypeOf(_memory) == FileSystems.Tmpfs && FileSystems.IdOf(_memory) != FileSystems.IdOf(runFolder))
                return;
            try
            {
                Mounts.Mount("tenantry", _memory, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0700,noswap");
            }
            catch (LinuxException error) when (error.Errno == Errno.Invalid)
            {
                // Linux before 6.4 cannot keep a tmpfs out of the swap.
                Mounts.Mount("tenantry", _memory, "tmpfs", MountOptions.NoSetUid | MountOptions.NoDevices, "mode=0700");
            }
        }
    }

    private static void Put(string path, string content, UnixFileMode mode, uint user, uint group)
    {
        var bytes = Encoding.UTF8.GetBytes(content);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite };
        using (var file = new FileStream(path, options))
            file.Write(bytes);
        Ownership.Give(path, user, group);
        File.SetUnixFileMode(path, mode);
    }
}
