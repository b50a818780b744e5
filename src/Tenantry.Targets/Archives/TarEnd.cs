using Tenantry.Targets.Streams;

namespace Tenantry.Targets.Archives;

/// <summary>Passes a tar on to its reader and knows whether it came to its proper end: two blocks of zeros. One that was cut between two entries looks whole otherwise.</summary>
internal sealed class TarEnd(Stream inner) : SequentialStream
{
    private const int Mark = 1024;
    private long _zeros;

    public override bool CanRead => true;

    /// <summary>Reads what is left; true when the tar is whole.</summary>
    internal async Task<bool> IsWholeAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        while (await ReadAsync(buffer, cancellationToken) > 0)
        {
        }

        return _zeros >= Mark;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var count = inner.Read(buffer);
        Note(buffer[..count]);
        return count;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        Note(buffer.Span[..count]);
        return count;
    }

    private void Note(ReadOnlySpan<byte> bytes)
    {
        var last = bytes.LastIndexOfAnyExcept((byte)0);
        _zeros = last < 0 ? _zeros + bytes.Length : bytes.Length - last - 1;
    }
}
