using Tenantry.Model.Instances;
using Tenantry.Targets.Abstractions;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local.Running;
using Tenantry.Targets.Local.Volumes;

namespace Tenantry.Targets.Local.Data;

/// <summary>All of an instance's data, out and in.</summary>
internal sealed class InstanceData(LocalHost host)
{
    internal async Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken)
    {
        var (paths, file) = Find(instance);
        using (await host.Locks.HoldAsync(paths.Id, cancellationToken))
        {
            // When it sleeps they are not mounted.
            host.Volumes.Mount(paths, file.Volumes);
            host.DataUsers.Add(paths.Id);
        }

        // Whoever takes it may be slow: meanwhile the instance wakes and goes to sleep as it is told to.
        try
        {
            await WriteAsync(paths, file, output, cancellationToken);
        }
        finally
        {
            using var held = await host.Locks.HoldAsync(paths.Id, CancellationToken.None);
            host.DataUsers.Remove(paths.Id);
            if (!host.DataUsers.Any(paths.Id) && !Runs(paths, file))
                await host.Volumes.UnmountAsync(paths, CancellationToken.None);
        }
    }

    internal async Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken)
    {
        var (paths, file) = Find(instance);
        using var held = await host.Locks.HoldAsync(paths.Id, cancellationToken);
        if (Runs(paths, file))
            throw new TargetException("It runs: its data cannot be replaced. Put it to sleep first.", retryable: true, LocalResources.Instance(instance));
        if (host.DataUsers.Any(paths.Id))
            throw new TargetException("Its data is being exported: it cannot be replaced before that has ended.", retryable: true, LocalResources.Instance(instance));
        var staging = paths.Staging;
        try
        {
            await host.Volumes.RemoveAllAsync(staging, cancellationToken);
            foreach (var volume in file.Volumes)
                await host.Volumes.EnsureAsync(staging, volume, file.FirstUid, cancellationToken);
            var folders = file.Volumes.ToDictionary(volume => volume.Name, volume => VolumeStore.FolderOf(staging, volume), StringComparer.Ordinal);
            await new DataImport(folders, file.FirstUid).ReadAsync(input, cancellationToken);
            await host.Volumes.UnmountAsync(staging, cancellationToken);
            await host.Volumes.UnmountAsync(paths, cancellationToken);
            Directory.CreateDirectory(staging.Data);
            Directory.CreateDirectory(paths.Data);
            FileNames.Exchange(staging.Data, paths.Data);
            AtomicFile.SyncFolder(paths.Folder);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TargetException($"The data could not be taken in, and nothing was changed: {error.Message.TrimEnd('.')}.", retryable: false, LocalResources.Instance(instance), cause: error, fault: FullDisk.Is(error) ? TargetFault.Space : TargetFault.Target);
        }
        finally
        {
            await host.Volumes.RemoveAllAsync(staging, CancellationToken.None);
        }
    }

    private static async Task WriteAsync(InstancePaths paths, InstanceFile file, Stream output, CancellationToken cancellationToken) =>
        await DataExport.WriteAsync(
            output, [.. file.Volumes.Select(volume => (LocalResources.Volume(file.Ref, volume.Name), volume.Name, VolumeStore.FolderOf(paths, volume)))], file.FirstUid, cancellationToken);

    private bool Runs(InstancePaths paths, InstanceFile file) =>
        host.CgroupOf(paths.Id).Processes().Count > 0 || file.Services.Any(service => ServiceState.Read(paths.Service(service.Name))?.IsAlive == true);

    private (InstancePaths Paths, InstanceFile File) Find(InstanceRef instance)
    {
        var paths = host.Paths.Of(instance);
        return (paths, InstanceFile.Read(paths) ?? throw new TargetException("There is no such instance here.", retryable: true, LocalResources.Instance(instance)));
    }
}
