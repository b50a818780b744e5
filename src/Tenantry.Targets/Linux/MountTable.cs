using System.Globalization;
using System.Text;

namespace Tenantry.Targets.Linux;

/// <summary>One mount of this process's mount namespace.</summary>
/// <param name="Root">Which part of the file system is shown, such as <c>/</c> or <c>net:[4026532]</c>.</param>
/// <param name="Place">Where.</param>
/// <param name="Type">File system type.</param>
/// <param name="Source">What was mounted.</param>
/// <param name="Options">Options of the file system, comma separated.</param>
public sealed record MountEntry(string Root, string Place, string Type, string Source, string Options);

/// <summary>Reads <c>/proc/self/mountinfo</c>.</summary>
public static class MountTable
{
    /// <summary>All mounts, the oldest first.</summary>
    public static IReadOnlyList<MountEntry> Read() => Parse(File.ReadAllText("/proc/self/mountinfo"));

    internal static IReadOnlyList<MountEntry> Parse(string text)
    {
        var mounts = new List<MountEntry>();
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var halves = line.Split(" - ", 2);
            var left = halves[0].Split(' ');
            var right = halves[1].Split(' ');
            mounts.Add(new MountEntry(Unescaped(left[3]), Unescaped(left[4]), right[0], Unescaped(right[1]), right.Length > 2 ? right[2] : ""));
        }

        return mounts;
    }

    // Spaces, tabs, line ends and backslashes stand as a backslash and three octal digits.
    private static string Unescaped(string text)
    {
        if (!text.Contains('\\', StringComparison.Ordinal))
            return text;
        var bytes = new List<byte>();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length)
            {
                bytes.Add((byte)(((text[i + 1] - '0') * 64) + ((text[i + 2] - '0') * 8) + (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                bytes.AddRange(Encoding.UTF8.GetBytes(text[i].ToString(CultureInfo.InvariantCulture)));
            }
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }
}
