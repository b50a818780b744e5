using System.Collections.Concurrent;
using Tenantry.Model.Builds;
using Tenantry.Model.Workloads;
using Tenantry.Server.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Sources;

/// <summary>
/// Input files unpacked for builds: the engine's side. It takes them from the data folder, or from the store when they were sent to another control plane. It trusts
/// nothing that the web side wrote and checks the digest again.
/// </summary>
public sealed class SourceFolders(DataFolders folders, IStore store)
{
    private const string Fetched = ".tar";
    private readonly ConcurrentDictionary<string, ReleaseInputs> known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim unpacking = new(1, 1);

    /// <summary>The folder with the files of that digest; empty digest: none.</summary>
    /// <exception cref="SourceArchiveException">They are not there, or are not what their digest says.</exception>
    public async Task<ReleaseInputs> OpenAsync(string digest, CancellationToken cancellationToken)
    {
        if (digest.Length == 0)
            return ReleaseInputs.None;
        // It names a folder.
        if (!SourceUploads.IsDigest(digest))
            throw new SourceArchiveException($"The input files of this release have the name '{digest}', which is not 'sha256:' and 64 hexadecimal digits. Apply the app again.");
        if (known.TryGetValue(digest, out var inputs))
            return inputs;
        await unpacking.WaitAsync(cancellationToken);
        try
        {
            if (!known.TryGetValue(digest, out inputs))
                known[digest] = inputs = await UnpackAsync(digest, cancellationToken);
            return inputs;
        }
        finally
        {
            unpacking.Release();
        }
    }

    private async Task<ReleaseInputs> UnpackAsync(string digest, CancellationToken cancellationToken)
    {
        var folder = Path.Combine(folders.Sources, digest[(digest.IndexOf(':') + 1)..]);
        if (!Directory.Exists(folder))
            await UnpackAsync(digest, folder, cancellationToken);
        var paths = FolderTree.Below(folder).Where(entry => entry is FileInfo || FolderTree.IsLink(entry)).Select(entry => Path.GetRelativePath(folder, entry.FullName));
        return new ReleaseInputs(folder, [.. paths.Order(StringComparer.Ordinal)]);
    }

    private async Task UnpackAsync(string digest, string folder, CancellationToken cancellationToken)
    {
        await SweepAsync(cancellationToken);
        var draft = folder + ".part";
        Directory.CreateDirectory(draft);
        await using (var file = await OpenArchiveAsync(digest, folder, cancellationToken))
        {
            var found = InputsDigest.Of(await SourceArchive.ReadAsync(file, draft, cancellationToken));
            if (found != digest)
                throw new SourceArchiveException($"The input files {digest} of this release were changed {(file.Name == folder + Fetched ? "in the store" : "on disk")}. Apply the app again.");
        }

        Directory.Move(draft, folder);
    }

    private async Task<FileStream> OpenArchiveAsync(string digest, string folder, CancellationToken cancellationToken)
    {
        var archive = SourceUploads.PathOf(folders, digest);
        if (File.Exists(archive))
            return File.OpenRead(archive);
        var fetched = new FileStream(folder + Fetched, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        try
        {
            if (!await store.ReadSourceAsync(digest, fetched, cancellationToken))
                throw new SourceArchiveException($"The input files {digest} of this release are not here. Apply the app again.");
            fetched.Position = 0;
            return fetched;
        }
        catch
        {
            await fetched.DisposeAsync();
            throw;
        }
    }

    // What no release is built from any more, and what was cut off.
    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        var used = (await store.ListUsedSourcesAsync(cancellationToken)).Select(digest => digest[(digest.IndexOf(':') + 1)..]).ToHashSet(StringComparer.Ordinal);
        foreach (var place in new DirectoryInfo(folders.Sources).EnumerateFileSystemInfos().Where(place => !used.Contains(place.Name)))
        {
            foreach (var digest in known.Keys.Where(digest => digest.EndsWith(place.Name, StringComparison.Ordinal)))
                known.TryRemove(digest, out _);
            if (place is DirectoryInfo folder)
                folder.Delete(recursive: true);
            else
                place.Delete();
        }
    }
}
