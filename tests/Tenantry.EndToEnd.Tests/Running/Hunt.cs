using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Tenantry.EndToEnd.Tests.Running;

/// <summary>
/// Looks for planted values: in text, in every file of a folder, and, all the time that it runs, in the command lines and environments of all processes
/// of the machine but the instances' own. A value is known in clear, in hexadecimal and in base64 wherever it begins.
/// </summary>
internal sealed class Hunt : IAsyncDisposable
{
    // No file: the device that Docker's data folder is on.
    private const string DeviceOfDocker = "backingFsBlockDev";
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);
    private readonly ConcurrentDictionary<string, byte[][]> _wanted = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, byte> _seen = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _cgroup;
    private readonly Task _watching;
    private int _looks;

    public Hunt(string cgroup)
    {
        _cgroup = "/" + cgroup;
        _watching = Task.Run(WatchAsync);
    }

    /// <summary>What was seen of processes, as <c>canary in place</c>.</summary>
    public IReadOnlyCollection<string> Seen => [.. _seen.Keys];

    /// <summary>Whether that was seen; in a long environment it is told with what stands around it.</summary>
    public bool WasSeen(string what) => _seen.Keys.Any(seen => seen.StartsWith(what, StringComparison.Ordinal));

    /// <summary>How often all processes were looked at.</summary>
    public int Looks => Volatile.Read(ref _looks);

    /// <summary>A value that is looked for from now on.</summary>
    public string Plant(string value)
    {
        _wanted[value] = [.. Forms(value)];
        return value;
    }

    /// <summary>A fresh one.</summary>
    public string Plant() => Plant("canary" + Guid.NewGuid().ToString("N"));

    public IEnumerable<string> InText(string text, string place) => In(Encoding.UTF8.GetBytes(text), place);

    /// <summary>Every file of a folder on its own file system: what lies in memory, mounted there, is the instance's.</summary>
    public IReadOnlyList<string> InFiles(string folder)
    {
        var mounts = File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')[4]).Where(at => at.StartsWith(folder + "/", StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        var found = new List<string>();
        foreach (var file in Walk(new DirectoryInfo(folder), mounts))
        {
            found.AddRange(In(ReadWhole(file), file));
        }

        return found;
    }

    private static byte[] ReadWhole(string file)
    {
        try
        {
            using var open = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            var bytes = new byte[open.Length];
            open.ReadExactly(bytes);
            return bytes;
        }
        catch (IOException)
        {
            // Somebody has a lock on it, which keeps only this runtime from reading. Of what is gone meanwhile it prints nothing.
            using var cat = Process.Start(new ProcessStartInfo("/bin/cat", [file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            using var read = new MemoryStream();
            cat.StandardOutput.BaseStream.CopyTo(read);
            cat.WaitForExit();
            return read.ToArray();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _watching;
        _stop.Dispose();
    }

    private static IEnumerable<string> Walk(DirectoryInfo folder, HashSet<string> mounts)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos().Where(entry => entry.LinkTarget is null && !mounts.Contains(entry.FullName)))
        {
            if (entry is DirectoryInfo sub)
            {
                foreach (var below in Walk(sub, mounts))
                    yield return below;
            }
            else if ((File.GetAttributes(entry.FullName) & (FileAttributes.Device | FileAttributes.ReparsePoint)) == 0 && entry is FileInfo { Extension: not (".sock" or ".lock" or ".img"), Name: not DeviceOfDocker })
            {
                yield return entry.FullName;
            }
        }
    }

    private async Task WatchAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            // Of what may be gone in a moment the command line comes first.
            foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => char.IsAsciiDigit(Path.GetFileName(path)[0])))
            {
                Look(process, "cmdline");
                if (!Encoding.UTF8.GetString(Read(Path.Combine(process, "cgroup"))).Contains(_cgroup, StringComparison.Ordinal))
                    Look(process, "environ");
            }

            Interlocked.Increment(ref _looks);
            await Task.Delay(Pause, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Look(string process, string file)
    {
        foreach (var found in In(Read(Path.Combine(process, file)), file))
            _seen.TryAdd(found, 0);
    }

    private IEnumerable<string> In(byte[] bytes, string place) =>
        _wanted.Where(value => value.Value.Any(form => bytes.AsSpan().IndexOf(form) >= 0)).Select(value => $"{value.Key} in {place}{Around(bytes, value.Value[0])}");

    // Of what a text says, for whoever has to mend it.
    private static string Around(byte[] bytes, byte[] value)
    {
        var at = bytes.AsSpan().IndexOf(value);
        return at < 0 || bytes.Length < 2000 ? "" : $": …{Encoding.UTF8.GetString(bytes, Math.Max(0, at - 200), Math.Min(at, 200))}";
    }

    private static IEnumerable<byte[]> Forms(string value)
    {
        var bytes = Encoding.UTF8.GetBytes(value);
        yield return bytes;
        yield return Encoding.ASCII.GetBytes(Convert.ToHexString(bytes));
        yield return Encoding.ASCII.GetBytes(Convert.ToHexStringLower(bytes));
        // Whole groups of three, for each place in which the value may begin.
        for (var begin = 0; begin < 3; begin++)
            yield return Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes.AsSpan(begin, (bytes.Length - begin) / 3 * 3)));
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // The process ended between the two looks.
            return [];
        }
    }
}
