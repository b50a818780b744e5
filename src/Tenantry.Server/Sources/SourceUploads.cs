using Tenantry.Model.Builds;
using Tenantry.Server.Store;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Sources;

/// <summary>
/// Input files as they were sent: the api's side. One tar a digest, whole or not there: in the data folder, or where several engines share a store, in the store,
/// where each of them finds it.
/// </summary>
public sealed class SourceUploads(DataFolders folders, IStore store, bool isShared)
{
    private const string Prefix = "sha256:";
    private static readonly TimeSpan WithoutRelease = TimeSpan.FromDays(1);

    /// <summary>True when the text is a digest of inputs.</summary>
    public static bool IsDigest(string text) =>
        text.Length == Prefix.Length + 64 && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(Prefix.Length).IndexOfAnyExcept("0123456789abcdef") < 0;

    /// <summary>True when every engine that may build from them finds them.</summary>
    public async Task<bool> HasAsync(string digest, CancellationToken cancellationToken) =>
        isShared ? await store.HasSourceAsync(digest, cancellationToken) : File.Exists(PathOf(folders, digest));

    /// <summary>Keeps an archive whose files have that digest.</summary>
    /// <exception cref="SourceArchiveException">It is not such an archive; nothing is kept.</exception>
    public async Task PutAsync(string digest, Stream archive, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folders.Uploads);
        if (!isShared)
        {
            await AtomicFile.WriteAsync(PathOf(folders, digest), file => TakeAsync(digest, archive, file, cancellationToken), durable: true);
            return;
        }

        // What an attacker sends is not written to the store before it was looked at.
        await using var draft = new FileStream(Path.Combine(folders.Uploads, $".{Guid.NewGuid():N}"), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Options = FileOptions.DeleteOnClose,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        await TakeAsync(digest, archive, draft, cancellationToken);
        await store.PutSourceAsync(digest, draft, cancellationToken);
    }

    /// <summary>Removes what no release is built from any more: of the releases that went, and what was sent a day ago and never used.</summary>
    public async Task SweepAsync(IReadOnlyList<string> gone, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folders.Uploads))
            return;
        var used = (await store.ListUsedSourcesAsync(cancellationToken)).Select(digest => PathOf(folders, digest)).ToHashSet(StringComparer.Ordinal);
        var went = gone.Select(digest => PathOf(folders, digest)).ToHashSet(StringComparer.Ordinal);
        foreach (var file in new DirectoryInfo(folders.Uploads).EnumerateFiles("*.tar"))
        {
            if (!used.Contains(file.FullName) && (went.Contains(file.FullName) || now.UtcDateTime - file.LastWriteTimeUtc > WithoutRelease))
                file.Delete();
        }
    }

    internal static string PathOf(DataFolders folders, string digest) => Path.Combine(folders.Uploads, digest[Prefix.Length..] + ".tar");

    private static async Task TakeAsync(string digest, Stream archive, Stream file, CancellationToken cancellationToken)
    {
        await archive.CopyToAsync(file, cancellationToken);
        await file.FlushAsync(cancellationToken);
        file.Position = 0;
        var found = InputsDigest.Of(await SourceArchive.ReadAsync(file, null, cancellationToken));
        if (found != digest)
            throw new SourceArchiveException($"The files have the digest {found}, not {digest}.");
    }
}
