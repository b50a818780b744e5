using System.Text;

namespace Tenantry.Targets.Processes;

/// <summary>Cuts a stream of bytes into lines of text. A line that never ends is cut at 64 KiB.</summary>
internal sealed class LineCutter(Func<string, CancellationToken, ValueTask> line)
{
    private const int Longest = 64 * 1024;
    private readonly MemoryStream _rest = new();

    internal async ValueTask Add(ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        while (!piece.IsEmpty)
        {
            var end = piece.Span.IndexOf((byte)'\n');
            var part = end < 0 ? piece : piece[..end];
            if (_rest.Length + part.Length > Longest)
                part = piece[..(int)(Longest - _rest.Length)];
            _rest.Write(part.Span);
            var whole = part.Length == end;
            piece = piece[(whole ? end + 1 : part.Length)..];
            if (whole || _rest.Length >= Longest)
                await HandAsync(cancellationToken);
        }
    }

    internal async ValueTask EndAsync(CancellationToken cancellationToken)
    {
        if (_rest.Length > 0)
            await HandAsync(cancellationToken);
    }

    private ValueTask HandAsync(CancellationToken cancellationToken)
    {
        var text = Encoding.UTF8.GetString(_rest.GetBuffer(), 0, (int)_rest.Length).TrimEnd('\r');
        _rest.SetLength(0);
        return line(text, cancellationToken);
    }
}
