using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;
using Tenantry.Targets.Linux;

namespace Tenantry.Targets.Docker;

/// <summary>Secrets and rendered files in memory on the engine's machine, of which containers see parts, read-only.</summary>
internal interface IInstanceFiles
{
    /// <summary>The instance's folder on the engine's machine.</summary>
    string Of(InstanceRef instance);

    /// <summary>Before a service's container is made: writes its files, and gives its volumes to its user that still are the engine's.</summary>
    Task PrepareAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken);

    /// <summary>Writes a service's files, each for the service's user alone, unless they are there.</summary>
    /// <param name="workload">The instance.</param>
    /// <param name="service">Whose files.</param>
    /// <param name="place">Where to.</param>
    /// <param name="image">Id of an image that the engine has.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task WriteAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken);

    /// <summary>Removes what a service had before.</summary>
    Task RemoveOthersAsync(InstanceRef instance, ServiceMemory place, CancellationToken cancellationToken);

    /// <summary>Removes all of an instance.</summary>
    Task RemoveAsync(InstanceRef instance, CancellationToken cancellationToken);
}

/// <summary>On a tmpfs of the target's own on this machine.</summary>
internal sealed class InstanceFiles(IEngine engine, VolumeCarrier carriers, string runFolder) : IInstanceFiles
{
    private const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    private const UnixFileMode OwnerEnters = UnixFileMode.UserRead | UnixFileMode.UserExecute;
    private const UnixFileMode ReadAndRun = (UnixFileMode)0b101_101_101;
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;
    private readonly string _memory = Path.Combine(runFolder, "memory");
    private readonly Lock _mounting = new();

    public string Of(InstanceRef instance) => Path.Combine(_memory, DockerNames.Base(instance));

    public async Task PrepareAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken)
    {
        Write(workload, service, place);
        var (user, group) = DockerContainers.UserOf(service);
        var others = new List<string>();
        foreach (var volume in service.Volumes)
        {
            if (!await GiveAsync(DockerNames.Volume(workload.Ref, volume.Name), user, group, cancellationToken))
                others.Add(volume.Name);
        }

        await carriers.OwnAsync(workload.Ref, image, [.. others.Select(volume => (volume, user, group))], cancellationToken);
    }

    // Where the engine keeps it on this machine. One whose users are not this machine's keeps it as another user than root, and gives it away itself.
    private async Task<bool> GiveAsync(string volume, uint user, uint group, CancellationToken cancellationToken)
    {
        var place = (await engine.GetAsync($"/volumes/{volume}", cancellationToken)).GetProperty("Mountpoint").GetString();
        if (!Directory.Exists(place))
            return false;
        var (owner, _) = FileStatus.OwnerOf(place);
        if (owner == 0)
        {
            Ownership.Give(place, user, group);
            File.SetUnixFileMode(place, FolderMode);
        }

        return owner == 0 || owner == user;
    }

    public Task WriteAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken)
    {
        Write(workload, service, place);
        return Task.CompletedTask;
    }

    public Task RemoveOthersAsync(InstanceRef instance, ServiceMemory place, CancellationToken cancellationToken)
    {
        foreach (var other in Directory.Exists(place.OfService) ? Directory.EnumerateDirectories(place.OfService).Where(path => path != place.Root) : [])
            Directory.Delete(other, recursive: true);
        return Task.CompletedTask;
    }

    public Task RemoveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        if (Directory.Exists(Of(instance)))
            Directory.Delete(Of(instance), recursive: true);
        return Task.CompletedTask;
    }

    private void Write(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place)
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
