using System.Globalization;

namespace Tenantry.Targets.Linux.Cgroups;

/// <summary>The kernel's small text files about control groups. A file that is not there has no value.</summary>
internal static class CgroupFile
{
    private const int TryAgainTimes = 50;

    internal static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (IOException)
        {
            return null;
        }
    }

    internal static long? Number(string path) =>
        long.TryParse(Read(path), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    internal static long? Field(string path, string name)
    {
        foreach (var line in (Read(path) ?? "").Split('\n'))
        {
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            if (space > 0 && line.AsSpan(0, space).SequenceEqual(name) && long.TryParse(line.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                return number;
        }

        return null;
    }

    // Lowering a memory limit fails while the kernel has not yet got under it.
    internal static void WriteLimit(string path, string value)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                File.WriteAllText(path, value);
                return;
            }
            catch (IOException) when (attempt < TryAgainTimes && Read(path) is not null)
            {
                Thread.Yield();
            }
        }
    }

    internal static IEnumerable<int> ReadProcesses(string folder)
    {
        foreach (var line in (Read(Path.Combine(folder, "cgroup.procs")) ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries))
            yield return int.Parse(line, CultureInfo.InvariantCulture);
    }

    /// <summary>Folders below, the deepest first.</summary>
    internal static IReadOnlyList<string> FoldersBelow(string folder)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    /// <summary>The kernel counts ended processes for a moment longer: tries for a while.</summary>
    internal static void RemoveFolder(string folder)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                Directory.Delete(folder);
                return;
            }
            catch (DirectoryNotFoundException)
            {
                return;
            }
            catch (IOException) when (attempt < TryAgainTimes)
            {
                Thread.Sleep(Math.Min(attempt, 10));
            }
        }
    }
}
