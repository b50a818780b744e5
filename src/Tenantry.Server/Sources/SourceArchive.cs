using System.Formats.Tar;
using System.Security.Cryptography;
using System.Text;
using Tenantry.Model.Builds;

namespace Tenantry.Server.Sources;

/// <summary>An archive of input files cannot be used. The message says why.</summary>
public sealed class SourceArchiveException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>
/// Tars of a build's input files. They come from outside: only files, folders and links that stay inside are taken, at most so many
/// bytes, and the digest is computed from what was really there.
/// </summary>
public static class SourceArchive
{
    /// <summary>Bytes that the files of one archive may have together.</summary>
    public const long MostBytes = 2L << 30;

    /// <summary>Files that one archive may have.</summary>
    public const int MostFiles = 100_000;

    private const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Runnable = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Writes the files below <paramref name="folder"/> (or only checks them, when that is null) and gives them as the digest sees them.</summary>
    public static async Task<IReadOnlyList<InputFile>> ReadAsync(Stream archive, string? folder, CancellationToken cancellationToken)
    {
        var files = new Dictionary<string, InputFile>(StringComparer.Ordinal);
        var links = new Dictionary<string, string>(StringComparer.Ordinal);
        var left = MostBytes;
        try
        {
            await using var tar = new TarReader(archive, leaveOpen: true);
            while (await tar.GetNextEntryAsync(copyData: false, cancellationToken) is { } entry)
            {
                if (entry.EntryType is TarEntryType.Directory or TarEntryType.GlobalExtendedAttributes)
                    continue;
                var path = Inside(entry.Name);
                RefuseThroughLink(path, files);
                if (files.Count == MostFiles)
                    throw new SourceArchiveException($"The archive has more than {MostFiles} files.");
                left -= entry.Length;
                if (left < 0)
                    throw new SourceArchiveException($"The archive has more than {MostBytes} bytes.");
                if (!files.TryAdd(path, await TakeAsync(entry, path, folder, cancellationToken)))
                    throw new SourceArchiveException($"The archive has '{path}' twice.");
                if (entry.EntryType == TarEntryType.SymbolicLink)
                    links[path] = entry.LinkName;
            }
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or FormatException)
        {
            throw new SourceArchiveException($"The archive is not a whole tar: {failure.Message}", failure);
        }

        if (links.Keys.FirstOrDefault(path => !SourceLinks.StaysInside(path, links)) is { } outside)
            throw new SourceArchiveException($"The link '{outside}' leads to '{links[outside]}', outside the folder of the manifest.");
        return [.. files.Values.OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    private static async Task<InputFile> TakeAsync(TarEntry entry, string path, string? folder, CancellationToken cancellationToken)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                var executable = entry.Mode.HasFlag(UnixFileMode.UserExecute);
                var hash = folder is null
                    ? await HashAsync(entry.DataStream, Stream.Null, cancellationToken)
                    : await WriteAsync(entry.DataStream, Path.Combine(folder, path), executable ? Runnable : Plain, cancellationToken);
                return new InputFile(path, executable ? InputKind.Executable : InputKind.File, hash);
            case TarEntryType.SymbolicLink:
                if (folder is not null)
                {
                    var place = Path.Combine(folder, path);
                    Directory.CreateDirectory(Path.GetDirectoryName(place)!);
                    File.CreateSymbolicLink(place, entry.LinkName);
                }

                return new InputFile(path, InputKind.Link, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(entry.LinkName))));
            default:
                throw new SourceArchiveException($"The archive has '{path}', which is neither a file nor a link.");
        }
    }

    private static async Task<string> WriteAsync(Stream? content, string place, UnixFileMode mode, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(place)!);
        await using var file = new FileStream(place, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        return await HashAsync(content, file, cancellationToken);
    }

    private static async Task<string> HashAsync(Stream? content, Stream copy, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[128 * 1024];
        for (int count; content is not null && (count = await content.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            hash.AppendData(buffer, 0, count);
            await copy.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Inside(string name)
    {
        var path = name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name;
        if (path.Length == 0 || path[0] == '/' || path.Contains('\0') || path.Split('/').Any(part => part is "" or "." or ".."))
            throw new SourceArchiveException($"The archive has the path '{name}', which leaves the folder of the manifest.");
        return path;
    }

    // Nothing is ever written through a link.
    private static void RefuseThroughLink(string path, Dictionary<string, InputFile> files)
    {
        for (var end = path.IndexOf('/'); end >= 0; end = path.IndexOf('/', end + 1))
        {
            if (files.ContainsKey(path[..end]))
                throw new SourceArchiveException($"The archive has '{path}' below '{path[..end]}', which is not a folder.");
        }
    }
}
