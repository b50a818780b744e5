using System.Buffers.Binary;

namespace Tenantry.Targets.Docker.Engine;

/// <summary>Reads the engine's two streams in one: eight bytes that say which and how long, then the piece.</summary>
internal static class FrameReader
{
    private const int HeaderSize = 8;
    private const int MostAtOnce = 64 * 1024;

    /// <summary>Hands each piece on, with true for standard error, until the stream ends.</summary>
    internal static async Task ReadAsync(Stream stream, Func<bool, ReadOnlyMemory<byte>, CancellationToken, ValueTask> piece, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderSize];
        var buffer = new byte[MostAtOnce];
        while (await stream.ReadAtLeastAsync(header, HeaderSize, throwOnEndOfStream: false, cancellationToken) == HeaderSize)
        {
            var left = BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(4));
            while (left > 0)
            {
                var count = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(left, MostAtOnce)), cancellationToken);
                if (count == 0)
                    return;
                left -= (uint)count;
                await piece(header[0] == 2, buffer.AsMemory(0, count), cancellationToken);
            }
        }
    }
}
