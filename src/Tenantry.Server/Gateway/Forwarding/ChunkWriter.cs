using System.Buffers;
using System.Buffers.Text;
using System.IO.Pipelines;
using System.Text;

namespace Tenantry.Server.Gateway.Forwarding;

/// <summary>Puts a body into chunks of our own, so that trailers can follow it: Kestrel makes chunks for HTTP/1.1 and has no trailers there.</summary>
internal static class ChunkWriter
{
    public static void Write(PipeWriter writer, ReadOnlySpan<byte> data)
    {
        var head = writer.GetSpan(20);
        Utf8Formatter.TryFormat(data.Length, head, out var used, new StandardFormat('x'));
        "\r\n"u8.CopyTo(head[used..]);
        writer.Advance(used + 2);
        writer.Write(data);
        writer.Write("\r\n"u8);
    }

    public static void End(PipeWriter writer, List<(string Name, string Value)>? trailers)
    {
        if (trailers is null)
        {
            writer.Write("0\r\n\r\n"u8);
            return;
        }

        var text = new StringBuilder("0\r\n");
        foreach (var (name, value) in trailers)
            text.Append(name).Append(": ").Append(value).Append("\r\n");
        writer.Write(Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()));
    }
}
