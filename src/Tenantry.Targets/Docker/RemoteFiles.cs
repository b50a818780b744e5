using System.Formats.Tar;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Docker.Data;
using Tenantry.Targets.Docker.Engine;

namespace Tenantry.Targets.Docker;

/// <summary>
/// In a folder in memory on another machine, through the archive API of its engine: a container that is never started has the folder. That API only adds, but
/// puts a file where a folder was: what is to go becomes an empty file.
/// </summary>
internal sealed class RemoteFiles(IEngine engine, VolumeCarrier carriers, string memory) : IInstanceFiles
{
    // Root's alone, so that whoever has a user's number on that machine does not read what belongs to that number in an instance.
    private const string Closed = "instances";
    private const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    private const UnixFileMode OwnerEnters = UnixFileMode.UserRead | UnixFileMode.UserExecute;
    private const UnixFileMode RootsAlone = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode ReadAndRun = (UnixFileMode)0b101_101_101;
    private const UnixFileMode Folder = (UnixFileMode)0b111_101_101;

    public string Of(InstanceRef instance) => $"{memory}/{Closed}/{DockerNames.Base(instance)}";

    // One carrier for both: making and removing one is most of the work.
    public Task PrepareAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken)
    {
        var (user, group) = DockerContainers.UserOf(service);
        List<string> volumes = [.. service.Volumes.Select(volume => volume.Name)];
        var hasFiles = workload.Secrets.Count > 0 || service.Files.Count > 0;
        return volumes.Count == 0 && !hasFiles
            ? Task.CompletedTask
            : carriers.WithAsync(
                workload.Ref,
                image,
                volumes,
                async carrier =>
                {
                    if (hasFiles)
                        await WriteTarAsync(carrier, tar => FillAsync(tar, workload, service, place, cancellationToken), cancellationToken);
                    await carriers.OwnAsync(carrier, [.. volumes.Select(volume => (volume, user, group))], cancellationToken);
                },
                cancellationToken,
                memory);
    }

    public Task WriteAsync(InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, string image, CancellationToken cancellationToken) =>
        workload.Secrets.Count == 0 && service.Files.Count == 0
            ? Task.CompletedTask
            : PutAsync(workload.Ref, image, tar => FillAsync(tar, workload, service, place, cancellationToken), cancellationToken);

    public async Task RemoveOthersAsync(InstanceRef instance, ServiceMemory place, CancellationToken cancellationToken)
    {
        if (await AnyImageAsync(cancellationToken) is not { } image)
            return;
        await carriers.WithAsync(
            instance,
            image,
            [],
            async carrier =>
            {
                var others = new List<string>();
                await using (var stream = await carriers.ReadFolderAsync(carrier, Inside(place.OfService), cancellationToken))
                {
                    await using var reader = stream is null ? null : new TarReader(stream);
                    while (reader is not null && await reader.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
                    {
                        if (entry.EntryType == TarEntryType.Directory && entry.Name.TrimEnd('/').Split('/') is [_, var version] && version != place.Version)
                            others.Add($"{Inside(place.OfService)}/{version}");
                    }
                }

                if (others.Count > 0)
                    await WriteTarAsync(carrier, tar => EmptyAsync(tar, others, cancellationToken), cancellationToken);
            },
            cancellationToken,
            memory);
    }

    public async Task RemoveAsync(InstanceRef instance, CancellationToken cancellationToken)
    {
        if (await AnyImageAsync(cancellationToken) is { } image)
            await PutAsync(instance, image, tar => EmptyAsync(tar, [Inside(Of(instance))], cancellationToken), cancellationToken);
    }

    private async Task FillAsync(TarWriter tar, InstanceWorkload workload, ServiceWorkload service, ServiceMemory place, CancellationToken cancellationToken)
    {
        var (user, group) = DockerContainers.UserOf(service);
        Task FolderAsync(string path, UnixFileMode mode, uint uid, uint gid) =>
            tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.Directory, Inside(path) + "/") { Uid = (int)uid, Gid = (int)gid, Mode = mode }, cancellationToken);
        async Task FileAsync(string path, string content, UnixFileMode mode)
        {
            using var data = new MemoryStream(Encoding.UTF8.GetBytes(content));
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, Inside(path)) { Uid = (int)user, Gid = (int)group, Mode = mode, DataStream = data }, cancellationToken);
        }

        await FolderAsync($"{memory}/{Closed}", RootsAlone, 0, 0);
        foreach (var folder in (string[])[place.Folder, place.OfService, place.Root, Path.GetDirectoryName(place.File(0))!])
            await FolderAsync(folder, Folder, 0, 0);
        await FolderAsync(place.Secrets, OwnerEnters, user, group);
        foreach (var (name, value) in workload.Secrets)
            await FileAsync(Path.Combine(place.Secrets, name), value, OwnerReads);
        for (var i = 0; i < service.Files.Count; i++)
            await FileAsync(place.File(i), service.Files[i].Content, (UnixFileMode)service.Files[i].Mode & ReadAndRun);
    }

    private static async Task EmptyAsync(TarWriter tar, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        foreach (var path in paths)
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { Mode = OwnerReads }, cancellationToken);
    }

    private Task PutAsync(InstanceRef instance, string image, Func<TarWriter, Task> write, CancellationToken cancellationToken) =>
        carriers.WithAsync(instance, image, [], carrier => WriteTarAsync(carrier, write, cancellationToken), cancellationToken, memory);

    private async Task WriteTarAsync(string carrier, Func<TarWriter, Task> write, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await using (var tar = new TarWriter(buffer, TarEntryFormat.Pax, leaveOpen: true))
            await write(tar);
        buffer.Position = 0;
        await carriers.WriteFolderAsync(carrier, buffer, cancellationToken);
    }

    private string Inside(string path) => path[(memory.Length + 1)..];

    // The container is never started, so that it matters nothing of which image it is.
    private async Task<string?> AnyImageAsync(CancellationToken cancellationToken) =>
        (await engine.GetAsync("/images/json", cancellationToken)).EnumerateArray().Select(image => image.GetProperty("Id").GetString()).FirstOrDefault();
}
