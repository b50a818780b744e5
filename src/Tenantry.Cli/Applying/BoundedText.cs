namespace Tenantry.Cli.Applying;

/// <summary>A text that a person named, which may be a pipe that nobody writes into, or a device without an end.</summary>
internal static class BoundedText
{
    /// <summary>One more than a manifest may have: its reader tells that it is too long.</summary>
    public const int MostCharacters = 1_000_001;

    /// <summary>Reads it, to its end or to <see cref="MostCharacters"/>. Neither opening nor reading a pipe can be given up: whoever interrupts is not kept waiting for it.</summary>
    public static Task<string> ReadAsync(string file, CancellationToken cancellationToken) => Task.Run(() => Read(file), cancellationToken).WaitAsync(cancellationToken);

    private static string Read(string file)
    {
        using var reader = new StreamReader(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
        var text = new char[4096];
        var count = 0;
        while (count < MostCharacters)
        {
            if (count == text.Length)
                Array.Resize(ref text, Math.Min(text.Length * 2, MostCharacters));
            var read = reader.Read(text.AsSpan(count));
            if (read == 0)
                break;
            count += read;
        }

        return new string(text, 0, count);
    }
}
