using System.IO.Compression;

namespace Tenantry.Targets.Local.Roots;

/// <summary>Opens a tar that may be compressed; its first bytes say how.</summary>
internal static class LayerStream
{
    internal static Stream Open(string path)
    {
        var file = File.OpenRead(path);
        Span<byte> mark = stackalloc byte[4];
        var count = file.ReadAtLeast(mark, 4, throwOnEndOfStream: false);
        file.Position = 0;
        if (count >= 2 && mark[0] == 0x1f && mark[1] == 0x8b)
            return new GZipStream(file, CompressionMode.Decompress);
        if (count == 4 && mark.SequenceEqual((ReadOnlySpan<byte>)[0x28, 0xb5, 0x2f, 0xfd]))
        {
            file.Dispose();
            throw new InvalidDataException("it is compressed with zstd; save it with gzip or without compression");
        }

        return file;
    }
}
