using Tenantry.Model.Builds;
using Tenantry.Targets.Linux;

namespace Tenantry.Server.Sources;

/// <summary>Input files as they were sent: the api's side. One tar a digest, whole or not there.</summary>
public sealed class SourceUploads(DataFolders folders)
{
    private const string Prefix = "sha256:";

    /// <summary>True when the text is a digest of inputs.</summary>
    public static bool IsDigest(string text) =>
        text.Length == Prefix.Length + 64 && text.StartsWith(Prefix, StringComparison.Ordinal) && text.AsSpan(Prefix.Length).IndexOfAnyExcept("0123456789abcdef") < 0;

    /// <summary>True when they are there.</summary>
    public bool Has(string digest) => File.Exists(PathOf(folders, digest));

    /// <summary>Keeps an archive whose files have that digest.</summary>
    /// <exception cref="SourceArchiveException">It is not such an archive; nothing is kept.</exception>
    public Task PutAsync(string digest, Stream archive, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folders.Uploads);
        return AtomicFile.WriteAsync(
            PathOf(folders, digest),
            async file =>
            {
                await archive.CopyToAsync(file, cancellationToken);
                await file.FlushAsync(cancellationToken);
                file.Position = 0;
                var found = InputsDigest.Of(await SourceArchive.ReadAsync(file, null, cancellationToken));
                if (found != digest)
                    throw new SourceArchiveException($"The files have the digest {found}, not {digest}.");
            },
            durable: true);
    }

    internal static string PathOf(DataFolders folders, string digest) => Path.Combine(folders.Uploads, digest[Prefix.Length..] + ".tar");
}
