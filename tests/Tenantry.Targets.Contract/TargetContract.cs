using System.Formats.Tar;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Model.Workloads;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Contract;

/// <summary>
/// Every promise of the target contract as a test. A target derives this one class and says how it is opened; a power that it does not have
/// is not tested.
/// </summary>
public abstract class TargetContract : DeletionContract
{
    [Promise]
    public async Task LogsHaveWhatTheServicePrinted()
    {
        if (Target is not ILogs logs)
            return;
        var sample = await RunningAsync(Slug("logs"));
        var line = await FirstAsync(logs.ReadLogsAsync(sample.Ref, new LogRequest(Follow: true), Stop), _ => true);
        line.Service.ShouldBe("web");
        line.Text.ShouldNotBeEmpty();
    }

    [Promise]
    public async Task LogsThatAreNotFollowedEnd()
    {
        if (Target is not ILogs logs)
            return;
        var sample = await RunningAsync(Slug("logsend"));
        await foreach (var line in logs.ReadLogsAsync(sample.Ref, new LogRequest(Tail: 1), Stop))
            line.Service.ShouldBe("web");
    }

    [Promise]
    public async Task LogsOfAServiceThatIsNotThereAreAnError()
    {
        if (Target is not ILogs logs)
            return;
        var sample = await RunningAsync(Slug("logsno"));
        var failure = await Should.ThrowAsync<TargetException>(() => FirstOrNoneAsync(logs.ReadLogsAsync(sample.Ref, new LogRequest("nothing"), Stop)));
        failure.Message.ShouldContain("nothing");
    }

    [Promise]
    public async Task StatsCountWhatRuns()
    {
        if (Target is not IStats stats)
            return;
        var sample = await RunningAsync(Slug("stats"));
        var used = await stats.ReadStatsAsync(sample.Ref, Stop);
        used.MemoryBytes.ShouldNotBeNull().ShouldBeGreaterThan(0);
        used.MemoryLimitBytes.ShouldBe(sample.Limits.MemoryBytes);
        used.Pids.ShouldNotBeNull().ShouldBeGreaterThan(0);
    }

    [Promise]
    public async Task AnExecGivesOutputErrorsAndExitCode()
    {
        if (Target is not IExec exec)
            return;
        var sample = await RunningAsync(Slug("exec"));
        var (code, output, error) = await RunAsync(exec, sample, Harness.Shell("echo out; echo err >&2; exit 7"), "");
        (code, output.Trim(), error.Trim()).ShouldBe((7, "out", "err"));
    }

    [Promise]
    public async Task AChangeOfAFileOrASecretAloneReachesWhatRuns()
    {
        if (Target is not IExec exec || !Harness.ShowsFiles)
            return;
        var sample = await RunningAsync(Slug("content"));
        await ChangeAsync(SampleApp.Digested(sample with { Services = [sample.Services[0] with { Files = [new FileWorkload("/etc/sample/config.json", "changed", 0x124)] }, .. sample.Services.Skip(1)] }));
        (await RunAsync(exec, sample, Harness.Shell("cat /etc/sample/config.json"), "")).Output.ShouldBe("changed");

        await ChangeAsync(SampleApp.Digested(sample with { Secrets = sample.Secrets.ToDictionary(secret => secret.Key, _ => "rotated", StringComparer.Ordinal) }));
        var (_, secrets, _) = await RunAsync(exec, sample, Harness.Shell("cat /run/secrets/*"), "");
        secrets.ShouldBe(string.Concat(sample.Secrets.Select(_ => "rotated")));
        secrets.ShouldNotBeEmpty();
    }

    [Promise]
    public async Task AnExecReadsItsInput()
    {
        if (Target is not IExec exec)
            return;
        var sample = await RunningAsync(Slug("execin"));
        var (code, output, _) = await RunAsync(exec, sample, Harness.Shell("cat"), "what was typed");
        (code, output).ShouldBe((0, "what was typed"));
    }

    [Promise]
    public async Task ACancelledExecEnds()
    {
        if (Target is not IExec exec)
            return;
        var sample = await RunningAsync(Slug("execend"));
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new ExecRequest(
            null,
            Harness.Shell("echo started; sleep 1000"),
            Stream.Null,
            (_, _) =>
            {
                started.TrySetResult();
                return ValueTask.CompletedTask;
            },
            (_, _) => ValueTask.CompletedTask);
        var running = exec.ExecAsync(sample.Ref, request, cancel.Token);
        await started.Task.WaitAsync(Stop);
        await cancel.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => running);
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task AnExecIntoWhatSleepsIsAnError()
    {
        if (Target is not IExec exec)
            return;
        var sample = await RunningAsync(Slug("execoff"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        await Should.ThrowAsync<TargetException>(async () => await RunAsync(exec, sample, Harness.Shell("true"), ""));
    }

    [Promise]
    public async Task DataGoesOutAndComesBack()
    {
        if (Target is not IData data)
            return;
        var sample = await RunningAsync(Slug("data"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        await data.ImportAsync(sample.Ref, Tar(("data/www/index.html", $"hello from {sample.Ref.Slug}, imported")), Stop);
        using var exported = new MemoryStream();
        await data.ExportAsync(sample.Ref, exported, Stop);
        exported.Position = 0;
        Read(exported).ShouldContainKeyAndValue("data/www/index.html", $"hello from {sample.Ref.Slug}, imported");
        await AllAsync(Target.WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task DataOfWhatRunsCannotBeReplaced()
    {
        if (Target is not IData data)
            return;
        var sample = await RunningAsync(Slug("datarun"));
        await Should.ThrowAsync<TargetException>(() => data.ImportAsync(sample.Ref, Tar(("data/x", "y")), Stop));
        await ShouldRunAsync(sample);
    }

    [Promises]
    [InlineData("../outside")]
    [InlineData("/absolute")]
    [InlineData("data/../../outside")]
    [InlineData("no-such-volume/file")]
    public async Task ATarThatLeavesItsVolumesChangesNothing(string path)
    {
        if (Target is not IData data)
            return;
        var sample = await RunningAsync(Slug("databad"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        var refused = await Should.ThrowAsync<TargetException>(() => data.ImportAsync(sample.Ref, Tar(("data/new", "new"), (path, "evil")), Stop));
        refused.Fault.ShouldBe(TargetFault.Input);
        using var exported = new MemoryStream();
        await data.ExportAsync(sample.Ref, exported, Stop);
        exported.Position = 0;
        Read(exported).ShouldNotContainKey("data/new");
    }

    [Promise]
    public async Task WhatIsNotATarChangesNothing()
    {
        if (Target is not IData data)
            return;
        var sample = await RunningAsync(Slug("datatar"));
        await AllAsync(Target.SleepAsync(sample.Ref, Stop));
        using var garbage = new MemoryStream(Encoding.ASCII.GetBytes(new string('x', 2000)));
        var refused = await Should.ThrowAsync<TargetException>(() => data.ImportAsync(sample.Ref, garbage, Stop));
        refused.Fault.ShouldBe(TargetFault.Input);
        await AllAsync(Target.WakeAsync(sample, Stop));
        await ShouldRunAsync(sample);
    }

    [Promise]
    public async Task LimitsChangeInPlace()
    {
        if (Target is not IResize resize || Target is not IStats stats)
            return;
        var sample = await RunningAsync(Slug("resize"));
        var larger = sample.Limits with { MemoryBytes = sample.Limits.MemoryBytes * 2, Pids = sample.Limits.Pids * 2 };
        resize.CanResizeInPlace(sample.Limits, larger).ShouldBeTrue();
        var resized = SampleApp.WithLimits(sample, larger);
        var plan = await Target.PlanAsync(resized, await ObserveAsync(sample), Stop);
        plan.Steps.ShouldNotBeEmpty();
        plan.Steps.ShouldAllBe(step => step.Action == StepAction.Update);
        await AllAsync(Target.ApplyAsync(plan, resized, Stop));
        (await stats.ReadStatsAsync(sample.Ref, Stop)).MemoryLimitBytes.ShouldBe(larger.MemoryBytes);
        (await ObserveAsync(sample)).WorkloadDigest.ShouldBe(resized.Digest);
        await ShouldRunAsync(resized);
    }

    private async Task ChangeAsync(InstanceWorkload changed) =>
        await AllAsync(Target.ApplyAsync(await Target.PlanAsync(changed, await ObserveAsync(changed), Stop), changed, Stop));

    private async Task<(int Code, string Output, string Error)> RunAsync(IExec exec, InstanceWorkload sample, IReadOnlyList<string> command, string input)
    {
        using var output = new MemoryStream();
        using var error = new MemoryStream();
        using var typed = new MemoryStream(Encoding.UTF8.GetBytes(input));
        var request = new ExecRequest(
            null,
            command,
            typed,
            async (piece, cancel) => await output.WriteAsync(piece, cancel),
            async (piece, cancel) => await error.WriteAsync(piece, cancel));
        var code = await exec.ExecAsync(sample.Ref, request, Stop);
        return (code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
    }

    private static async Task<LogLine> FirstAsync(IAsyncEnumerable<LogLine> lines, Func<LogLine, bool> wanted)
    {
        await foreach (var line in lines)
        {
            if (wanted(line))
                return line;
        }

        throw new InvalidOperationException("The log ended.");
    }

    private static async Task FirstOrNoneAsync(IAsyncEnumerable<LogLine> lines)
    {
        await foreach (var _ in lines)
            return;
    }

    private static MemoryStream Tar(params (string Path, string Text)[] files)
    {
        var stream = new MemoryStream();
        using (var tar = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var (path, text) in files)
            {
                using var content = new MemoryStream(Encoding.UTF8.GetBytes(text));
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = content, Uid = 1000, Gid = 1000 });
            }
        }

        stream.Position = 0;
        return stream;
    }

    private static Dictionary<string, string> Read(Stream stream)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        using var tar = new TarReader(stream);
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.DataStream is null)
                continue;
            using var reader = new StreamReader(entry.DataStream);
            files[entry.Name.TrimStart('.', '/')] = reader.ReadToEnd();
        }

        return files;
    }
}
