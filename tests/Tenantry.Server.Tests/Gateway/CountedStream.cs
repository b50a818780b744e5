using System.Text;

namespace Tenantry.Server.Tests.Gateway;

/// <summary>Counts what is taken of it.</summary>
internal sealed class CountedStream(long length, Action<int> taken) : MemoryStream
{
    private long left = length;

    public override bool CanSeek => false;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = (int)Math.Min(left, buffer.Length);
        left -= count;
        taken(count);
        return ValueTask.FromResult(count);
    }

    public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken) => CopyAsync(destination, cancellationToken);

    private async Task CopyAsync(Stream destination, CancellationToken cancellationToken)
    {
        var piece = Encoding.ASCII.GetBytes(new string('x', 65536));
        for (int count; (count = await ReadAsync(piece, cancellationToken)) > 0;)
            await destination.WriteAsync(piece.AsMemory(0, count), cancellationToken);
    }
}
