using System.Text;

namespace Tenantry.Targets.Local.Logs;

/// <summary>Lines of a file that may still grow. A line that has no end yet is not given until it has.</summary>
internal sealed class LineFile(string path) : IDisposable
{
    private readonly FileStream _file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    private readonly byte[] _buffer = new byte[32 * 1024];
    private readonly MemoryStream _rest = new();
    private int _start;
    private int _end;

    /// <summary>The next whole line, or null when there is none now.</summary>
    internal string? Next()
    {
        while (true)
        {
            var bytes = _buffer.AsSpan(_start, _end - _start);
            var stop = bytes.IndexOf((byte)'\n');
            if (stop >= 0)
            {
                _rest.Write(bytes[..stop]);
                _start += stop + 1;
                var line = Encoding.UTF8.GetString(_rest.GetBuffer(), 0, (int)_rest.Length);
                _rest.SetLength(0);
                return line;
            }

            _rest.Write(bytes);
            _start = 0;
            _end = _file.Read(_buffer);
            if (_end == 0)
                return null;
        }
    }

    public void Dispose() => _file.Dispose();
}
