namespace Tenantry.Targets.Archives;

/// <summary>
/// The first so many bytes of a stream, exactly: what is missing reads as zeros. A file that changes while it is archived then
/// spoils itself at most, and not what comes after it in the archive.
/// </summary>
internal sealed class ExactStream(Stream inner, long length) : Stream
{
    private long _position;

    public override bool CanRead => true;

    // It tells its length and place, which is all that a tar that is itself sent as a stream asks of one that can seek.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        var wanted = (int)Math.Min(buffer.Length, length - _position);
        if (wanted == 0)
            return 0;
        var count = inner.Read(buffer[..wanted]);
        return Counted(buffer, count, wanted);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var wanted = (int)Math.Min(buffer.Length, length - _position);
        if (wanted == 0)
            return 0;
        var count = await inner.ReadAsync(buffer[..wanted], cancellationToken);
        return Counted(buffer.Span, count, wanted);
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Counted(Span<byte> buffer, int count, int wanted)
    {
        if (count == 0)
        {
            buffer[..wanted].Clear();
            count = wanted;
        }

        _position += count;
        return count;
    }
}
