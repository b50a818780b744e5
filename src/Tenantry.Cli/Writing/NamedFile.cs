using Tenantry.Targets.Linux;
using Tenantry.Targets.Streams;

namespace Tenantry.Cli.Writing;

/// <summary>
/// A file that a person named, as other programs write one: behind a link it is the file that the link leads to, and what is no file (a pipe, a terminal) is
/// written into and stays what it is. Under a file's name there is only ever a whole one.
/// </summary>
internal static class NamedFile
{
    /// <summary>Writes what <paramref name="write"/> gives; returns how many bytes.</summary>
    public static async Task<long> WriteAsync(string path, Func<Stream, Task> write, CancellationToken cancellationToken)
    {
        var target = Behind(path);
        if (File.Exists(target) && FileStatus.At(target).Kind != FileKind.Regular)
        {
            // A pipe is opened when somebody reads it.
            await using var open = await Task.Run(() => new FileStream(target, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0), cancellationToken).WaitAsync(cancellationToken);
            return await CountAsync(open, write);
        }

        long bytes = 0;
        await AtomicFile.WriteAsync(target, async file => bytes = await CountAsync(file, write), durable: true);
        return bytes;
    }

    /// <summary>Writes a small text that only its owner may read.</summary>
    public static Task<long> WriteAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) =>
        WriteAsync(path, file => file.WriteAsync(content, cancellationToken).AsTask(), cancellationToken);

    private static string Behind(string path) => new FileInfo(path).LinkTarget is null ? path : File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName;

    private static async Task<long> CountAsync(Stream inner, Func<Stream, Task> write)
    {
        await using var counted = new Counted(inner);
        await write(counted);
        return counted.Bytes;
    }

    private sealed class Counted(Stream inner) : SequentialStream
    {
        internal long Bytes { get; private set; }

        public override bool CanWrite => true;

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await inner.WriteAsync(buffer, cancellationToken);
            Bytes += buffer.Length;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);
    }
}
