using System.Collections.Concurrent;
using Tenantry.Model.Builds;
using Tenantry.Model.Workloads;

namespace Tenantry.Server.Sources;

/// <summary>Input files unpacked for builds: the engine's side. It trusts nothing that the web side wrote and checks the digest again.</summary>
public sealed class SourceFolders(DataFolders folders)
{
    private readonly ConcurrentDictionary<string, ReleaseInputs> known = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim unpacking = new(1, 1);

    /// <summary>The folder with the files of that digest; empty digest: none.</summary>
    /// <exception cref="SourceArchiveException">They are not there, or are not what their digest says.</exception>
    public async Task<ReleaseInputs> OpenAsync(string digest, CancellationToken cancellationToken)
    {
        if (digest.Length == 0)
            return ReleaseInputs.None;
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
        var paths = Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0, MaxRecursionDepth = 256 })
            .Select(path => Path.GetRelativePath(folder, path));
        return new ReleaseInputs(folder, [.. paths.Order(StringComparer.Ordinal)]);
    }

    private async Task UnpackAsync(string digest, string folder, CancellationToken cancellationToken)
    {
        var archive = SourceUploads.PathOf(folders, digest);
        if (!File.Exists(archive))
            throw new SourceArchiveException($"The input files {digest} of this release are not here. Apply the app again.");
        var draft = folder + ".part";
        if (Directory.Exists(draft))
            Directory.Delete(draft, recursive: true);
        Directory.CreateDirectory(draft);
        await using (var file = File.OpenRead(archive))
        {
            var found = InputsDigest.Of(await SourceArchive.ReadAsync(file, draft, cancellationToken));
            if (found != digest)
                throw new SourceArchiveException($"The input files {digest} of this release were changed on disk. Apply the app again.");
        }

        Directory.Move(draft, folder);
    }
}
