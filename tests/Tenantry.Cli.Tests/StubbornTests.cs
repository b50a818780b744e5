using System.Diagnostics;
using Tenantry.Cli.Checking;
using Tenantry.Cli.Running;

namespace Tenantry.Cli.Tests;

/// <summary>What a command reads and writes may hang, be full, or have no end.</summary>
public class StubbornTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task CtrlCAtAPromptEndsItAtOnce()
    {
        await using var api = await FakeApi.StartAsync();
        using var interrupt = new CancellationTokenSource();
        using var person = new SilentPerson();
        var running = Task.Run(() => CliRun.Of(new CliSetting { Data = api.Folder, IsTerminal = true, In = person, CancellationToken = interrupt.Token }, "token", "revoke", "alice"));
        await person.Asked.WaitAsync(Patience);

        await interrupt.CancelAsync();

        (await running.WaitAsync(Patience)).ExitCode.ShouldBe((int)ExitCode.Interrupted);
        api.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task AManifestFromAPipeThatNobodyWritesIntoCanBeInterrupted()
    {
        using var folder = new TestFolder();
        var pipe = await folder.PipeAsync();
        using var interrupt = new CancellationTokenSource();
        var running = CliRun.Of(new CliSetting { WorkingFolder = folder.Path, CancellationToken = interrupt.Token }, "app", "apply", "-f", pipe);

        await interrupt.CancelAsync();

        (await running.WaitAsync(Patience)).ExitCode.ShouldBe((int)ExitCode.Interrupted);
        // Lets go of the reader that still waits, and has perhaps just opened it. Opened for both, a pipe waits for nobody: the reader may never have come to open it.
        await using var release = File.Open(pipe, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
    }

    [Fact]
    public async Task AManifestWithoutAnEndIsReadNoFurtherThanAManifestMayBe()
    {
        var run = await CliRun.Of(new CliSetting(), "app", "apply", "-f", "/dev/zero");

        run.ExitCode.ShouldBe(2);
        run.Error.ShouldContain("longer than 1000000 characters");
    }

    [Theory]
    [InlineData("json")]
    [InlineData("table")]
    public async Task AFullStandardOutputIsAFailureInOneSentence(string output)
    {
        await using var api = await FakeApi.StartAsync();
        api.OnList("GET /v1/instances", Samples.Listed(Samples.Alice));

        var run = await CliRun.Of(new CliSetting { Data = api.Folder, Out = new FullOutput() }, "status", "-o", output);

        run.ExitCode.ShouldBe(1);
        run.Error.ShouldBe("tenantry: No space left on device\n");
    }

    [Theory]
    [InlineData(60_000_000_000, 100_000_000_000, null, "Ok")]
    [InlineData(900_000_000, 1_000_000_000, null, "Note")]
    [InlineData(4_000_000_000, 100_000_000_000, null, "Note")]
    [InlineData(50_000_000, 100_000_000_000, null, "Missing")]
    [InlineData(60_000_000_000, 100_000_000_000, "Read-only file system", "Missing")]
    public void TheDoctorTellsHowMuchIsFreeAndFailsWhenItIsTooLittle(long free, long total, string? whyNot, string level)
    {
        var finding = FolderSpace.Finding("/data", free, total, whyNot);

        finding.Level.ShouldBe(level);
        finding.Message.ShouldContain($"of {Writing.Words.Bytes(total)} left");
    }

    [Fact]
    public void TheDoctorTriesToWriteAndLeavesNothing()
    {
        using var folder = new TestFolder();

        FolderSpace.Look(folder.Path).Level.ShouldNotBe("Missing");

        Directory.EnumerateFileSystemEntries(folder.Path).ShouldBeEmpty();
    }

    private sealed class FullOutput : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("No space left on device");

        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(string? value) => throw new IOException("No space left on device");
    }

    private sealed class SilentPerson : TextReader
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _gone = new();

        public Task Asked => _asked.Task;

        public override string? ReadLine()
        {
            _asked.TrySetResult();
            _gone.Wait(Patience);
            return null;
        }

        protected override void Dispose(bool disposing)
        {
            _gone.Set();
            base.Dispose(disposing);
        }
    }

    private sealed class TestFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tenantry-cli-test-").FullName;

        public async Task<string> PipeAsync()
        {
            var pipe = System.IO.Path.Combine(Path, "pipe");
            using var made = Process.Start("mkfifo", [pipe]);
            await made.WaitForExitAsync();
            return pipe;
        }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
