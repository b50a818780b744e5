using System.Diagnostics;

namespace Tenantry.Bench;

/// <summary>Programs that a benchmark starts.</summary>
internal static class Programs
{
    public static Process Start(string program, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    public static async Task<string> RunAsync(string program, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start");
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {await error}");
    }

    /// <summary>CPU seconds that a process and its children have used so far.</summary>
    public static double CpuSeconds(IEnumerable<int> processes) => processes.Sum(id =>
    {
        using var process = Process.GetProcessById(id);
        return process.TotalProcessorTime.TotalSeconds;
    });

    /// <summary>Memory that a process has for itself and its share of what it has with others, in MiB.</summary>
    public static double MemoryMiB(IEnumerable<int> processes) => processes.Sum(id =>
    {
        try
        {
            return double.Parse(File.ReadLines($"/proc/{id}/smaps_rollup").First(line => line.StartsWith("Pss:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) / 1024;
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return 0;
        }
    });

    /// <summary>Ids of a process and the processes of the control plane below it.</summary>
    public static List<int> Tree(int root, string command)
    {
        var all = new List<int> { root };
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), out var id) || id == root)
                continue;
            try
            {
                var stat = File.ReadAllText($"{folder}/stat");
                var parent = int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1]);
                if (parent == root && File.ReadAllText($"{folder}/cmdline").Contains(command, StringComparison.Ordinal))
                    all.Add(id);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return all;
    }
}
