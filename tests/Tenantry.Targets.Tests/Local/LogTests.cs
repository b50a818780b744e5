using System.Text;
using Tenantry.Targets.Linux;
using Tenantry.Targets.Local;
using Tenantry.Targets.Local.Logs;
using Tenantry.Targets.Tests.Linux;

namespace Tenantry.Targets.Tests.Local;

/// <summary>Lines of log files, their rotation, and the raw output that they are made from.</summary>
public sealed class LogTests : IDisposable
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 2, 12, 0, 0, 123, 456, TimeSpan.Zero);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hello", false)]
    [InlineData("", true)]
    [InlineData("  spaces  in  it ", false)]
    [InlineData("# continues at 1 2", true)]
    [InlineData("ä € 🐘", false)]
    public void ALineIsReadAsItWasWritten(string text, bool isError)
    {
        var entry = new LogEntry(Noon, isError, 42, text);
        $"{entry}".ShouldBe($"2030-01-02T12:00:00.123456Z {(isError ? 'e' : 'o')} 42 {text}\n");
        LogEntry.Parse($"{entry}".TrimEnd('\n')).ShouldBe(entry);
    }

    [Theory]
    [InlineData("")]
    [InlineData("2030-01-02T12:00:00.123456Z o 42")]
    [InlineData("2030-01-02T12:00:00.123456Z x 42 hello")]
    [InlineData("2030-01-02T12:00:00Z o 42 hello")]
    [InlineData("2030-01-02T12:00:00.123456Z o -1 hello")]
    [InlineData("# continues at 1 2")]
    public void WhatIsNoLineIsNone(string text) => LogEntry.Parse(text).ShouldBeNull();

    [Fact]
    public void FilesAreRotatedTheOldestGoesAndTheOffsetsAreInTheNewest()
    {
        var files = new LogFiles(_folder.File("web.log"), mostBytes: 120, mostFiles: 3);
        for (var i = 1; i <= 10; i++)
            files.Append([new LogEntry(Noon, i % 2 == 0, i * 10, $"line {i}")], outputOffset: i, errorOffset: i * 2);
        files.All.Select(file => Path.GetFileName(file)).ShouldBe(["web.log.2", "web.log.1", "web.log"]);
        files.All.SelectMany(File.ReadAllLines).Select(LogEntry.Parse).OfType<LogEntry>().Select(entry => entry.Text).Last().ShouldBe("line 10");
        files.All.ShouldAllBe(file => new FileInfo(file).Length <= 160);
        File.ReadLines(files.Current).First().ShouldStartWith("# continues at ");
        files.Generation.ShouldBeGreaterThan(1);
        // Standard output's last line is 9 at offset 90, standard error's 10 at 100; one of them may only be in the header.
        var (output, error) = new LogFiles(_folder.File("web.log"), 120, 3).Recover();
        error.ShouldBe(100);
        output.ShouldBeOneOf(90, 10);
    }

    [Fact]
    public void DiskThatAServiceTakesForItsOutputAndDoesNotWriteIsGivenBack()
    {
        var raw = new RawOutput(_folder.File("web.out"), isError: false);
        var entries = new List<LogEntry>();
        File.WriteAllText(_folder.File("web.out"), "one\n");
        Run("fallocate", "--offset", "4", "--length", "50M", _folder.File("web.out"));
        raw.ReadInto(entries, ended: false);
        raw.GiveBack();
        Allocated().ShouldBeLessThan(1 << 20, "within its length");
        File.AppendAllText(_folder.File("web.out"), "two\n");
        Run("fallocate", "--keep-size", "--offset", "60M", "--length", "100M", _folder.File("web.out"));
        raw.ReadInto(entries, ended: false);
        raw.GiveBack();
        Allocated().ShouldBeLessThan(1 << 20, "beyond its end");
        File.AppendAllText(_folder.File("web.out"), "three\n");
        raw.ReadInto(entries, ended: false);
        entries.Select(entry => entry.Text).ShouldBe(["one", "two", "three"]);

        long Allocated()
        {
            using var file = File.OpenHandle(_folder.File("web.out"));
            return FileStatus.Of(file).AllocatedBytes;
        }

        static void Run(string program, params string[] arguments)
        {
            using var process = System.Diagnostics.Process.Start(program, arguments);
            process.WaitForExit();
            process.ExitCode.ShouldBe(0);
        }
    }

    [Fact]
    public void ALineThatACrashCutOffIsTakenAwayAndReadAgain()
    {
        var files = new LogFiles(_folder.File("web.log"), 1000, 3);
        files.Append([new LogEntry(Noon, false, 6, "first"), new LogEntry(Noon, true, 3, "no")], 0, 0);
        File.AppendAllText(files.Current, "2030-01-02T12:00:00.123456Z o 13 sec");
        files.Recover().ShouldBe((6, 3));
        File.ReadAllLines(files.Current).Length.ShouldBe(2);
        new LogFiles(_folder.File("none.log"), 1000, 3).Recover().ShouldBe((0, 0));
        File.WriteAllText(_folder.File("torn.log"), "2030-01-02T12");
        new LogFiles(_folder.File("torn.log"), 1000, 3).Recover().ShouldBe((0, 0));
        new FileInfo(_folder.File("torn.log")).Length.ShouldBe(0);
    }

    [Fact]
    public void ALineIsReadWhenItEndsAndTheLastOneOfAnEndedServiceAsItIs()
    {
        var (path, raw) = Raw();
        File.WriteAllText(path, "one\r\ntwo");
        Read(raw, ended: false).ShouldBe(["one"]);
        Read(raw, ended: false).ShouldBeEmpty();
        File.AppendAllText(path, " and a half\nthree");
        Read(raw, ended: false).ShouldBe(["two and a half"]);
        Read(raw, ended: true).ShouldBe(["three"]);
        raw.Offset.ShouldBe(new FileInfo(path).Length);
    }

    [Theory]
    [InlineData("x", true)]
    [InlineData("x", false)]
    [InlineData("ä€", true)]
    public void ALineThatIsTooLongBecomesSeveralAndNothingOfItIsLost(string letters, bool hasEnd)
    {
        var (path, raw) = Raw();
        var text = string.Concat(Enumerable.Repeat(letters, 200_000));
        File.WriteAllText(path, text + (hasEnd ? "\n" : ""));
        var lines = Read(raw, ended: !hasEnd);
        lines.ShouldAllBe(line => Encoding.UTF8.GetByteCount(line) <= 64 * 1024);
        string.Concat(lines).ShouldBe(text);
        raw.Offset.ShouldBe(new FileInfo(path).Length);
    }

    [Fact]
    public void LinesThatWereReadAndNotKeptAreReadAgain()
    {
        var (path, raw) = Raw();
        File.WriteAllLines(path, Enumerable.Range(0, 2000).Select(number => $"line {number}"));
        Read(raw, ended: false).Count.ShouldBe(2000);

        // As far as a control plane comes that is killed before it wrote them into the log.
        Read(new RawOutput(path, isError: false), ended: false).ShouldBe(Enumerable.Range(0, 2000).Select(number => $"line {number}"));
    }

    [Fact]
    public void WhatALogCouldNotTakeIsTakenWhenItCan()
    {
        var service = new InstancePaths(new LocalPaths(_folder.File("data"), _folder.File("run")), "i1").Service("main");
        Directory.CreateDirectory(service.Instance.Logs);
        File.WriteAllText(service.Error, "");
        using var watch = new FileWatch();
        using var pump = new LogPump(service, new LogFiles(service.Log, 1_000_000, 3), watch, TimeProvider.System, _ => { });
        File.WriteAllLines(service.Output, Enumerable.Range(0, 1000).Select(number => $"line {number}"));
        pump.Pump();
        File.AppendAllLines(service.Output, Enumerable.Range(1000, 1000).Select(number => $"line {number}"));

        // It takes a part of a line, as a disk does that is full then.
        var kept = File.ReadAllText(service.Log);
        File.Delete(service.Log);
        Directory.CreateDirectory(service.Log);
        Should.Throw<Exception>(() => pump.Pump());
        Directory.Delete(service.Log);
        File.WriteAllText(service.Log, kept + "2030-01-02T12:00:00.123456Z o 13 li");
        pump.Pump();

        File.ReadLines(service.Log).Select(LogEntry.Parse).OfType<LogEntry>().Select(entry => entry.Text).ShouldBe(Enumerable.Range(0, 2000).Select(number => $"line {number}"));
    }

    [Fact]
    public void AFileThatSomebodyEmptiedIsReadFromItsBegin()
    {
        var (path, raw) = Raw();
        File.WriteAllText(path, "a long first line\n");
        Read(raw, ended: false).ShouldBe(["a long first line"]);
        File.WriteAllText(path, "new\n");
        Read(raw, ended: false).ShouldBe(["new"]);
    }

    [Fact]
    public void WhatWasReadTakesNoDiskAndOfFarTooMuchTheNewestIsKeptAndTheRestCounted()
    {
        var (path, raw) = Raw();
        var line = Encoding.UTF8.GetBytes(new string('y', 1023) + "\n");
        using (var file = File.Create(path))
        {
            for (var i = 0; i < 70 * 1024; i++)
                file.Write(line);
        }
        AllocatedBytes(path).ShouldBeGreaterThan(60_000_000);
        var lines = Read(raw, ended: false);
        lines[0].ShouldBe($"[{54 * 1024 * 1024} bytes were not kept: the service prints faster than they are read]");
        lines.Count.ShouldBe(1 + (16 * 1024));
        raw.GiveBack();
        AllocatedBytes(path).ShouldBeLessThan(100_000);
    }

    private (string Path, RawOutput Raw) Raw() => (_folder.File("web.out"), new RawOutput(_folder.File("web.out"), isError: false));

    private static List<string> Read(RawOutput raw, bool ended)
    {
        var entries = new List<LogEntry>();
        raw.ReadInto(entries, ended);
        return [.. entries.Select(entry => entry.Text)];
    }

    private static long AllocatedBytes(string path) => Tenantry.Targets.Linux.SparseFile.AllocatedBytes(path);
}
