using System.Runtime.CompilerServices;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Model.Operations;
using Tenantry.Model.Wire;

namespace Tenantry.Cli.Tests;

public class StepListTests
{
    private const int Width = 80;
    private const int Height = 24;

    [Fact]
    public async Task WaitingForItsTurnEatsNothingOfWhatStandsAboveOnTheTerminal()
    {
        var screen = Screen("one", "two", "three");

        await ShowAsync(screen, [(Samples.Pending, "waiting for its turn"), (Samples.Running, "start service web"), (Samples.Succeeded, null)]);

        screen.Seen.ShouldBe(["one", "two", "three", "Create alice", "  ✓ create volume data  250 ms", "  ✓ start service web  1.8 s"]);
        screen.Written.ShouldNotContain("\e[0A");
    }

    [Fact]
    public async Task AStepWithSeveralLinesTabsAndMoreThanFitsTakesOneRow()
    {
        var screen = Screen("above");
        var step = Samples.Running.Steps[1] with { Message = $"building\tpart\e[2J {new string('x', 200)} ü漢字\nand more\n\tlines" };
        var running = Samples.Running with { Steps = [Samples.Running.Steps[0], step] };
        var failed = Samples.Failed with { Steps = [running.Steps[0], step with { State = OperationStepState.Failed, Message = "npm failed:\n\tno network", FinishedAt = Samples.Then.AddSeconds(2) }] };

        await ShowAsync(screen, [(running, "start service web: building"), (failed, null)]);

        screen.Seen.ShouldBe(["above", "Create alice", "  ✓ create volume data  250 ms", "  ✗ start service web: npm failed: …  1.8 s"]);
    }

    [Fact]
    public async Task AFrameIsDrawnOnce()
    {
        var screen = Screen();

        await ShowAsync(screen, [(Samples.Pending, "waiting for its turn"), (Samples.Succeeded, null)]);

        // Each frame but the first takes its forerunner away before it stands there itself.
        Count(screen.Written, "waiting for its turn").ShouldBe(Count(screen.Written, "\e[1A\e[J"));
    }

    [Fact]
    public async Task MoreRowsThanTheTerminalHasAreCutOffAtItsEnd()
    {
        var screen = Screen("above");
        var steps = Enumerable.Range(0, 60).Select(i => new OperationStep($"start service web{i}", OperationStepState.Running, "", Samples.Then, null)).ToArray();

        await ShowAsync(screen, [(Samples.Running with { Steps = steps }, "start service web0"), (Samples.Succeeded, null)]);

        screen.Seen.ShouldBe(["above", "Create alice", "  ✓ create volume data  250 ms", "  ✓ start service web  1.8 s"]);
    }

    private static TerminalScreen Screen(params string[] above)
    {
        var screen = new TerminalScreen(Width, Height);
        foreach (var line in above)
            screen.WriteLine(line);
        return screen;
    }

    // Each state stays until the screen showed the text some times, so that it is drawn over.
    private static async Task ShowAsync(TerminalScreen screen, (OperationResponse State, string? Until)[] states)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await new StepList(new Output(Host(screen), json: false), TimeProvider.System).ShowAsync(states[0].State, StatesAsync(limit.Token), limit.Token);

        async IAsyncEnumerable<OperationResponse> StatesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
        {
            foreach (var (state, until) in states)
            {
                yield return state;
                while (until is not null && Count(screen.Written, until) < 4)
                    await Task.Delay(10, cancellationToken);
            }
        }
    }

    private static int Count(string text, string part) => text.Split(part).Length - 1;

    private static CliHost Host(TerminalScreen screen) => new()
    {
        Out = screen,
        Error = screen,
        In = TextReader.Null,
        OpenInput = () => Stream.Null,
        OpenOutput = () => Stream.Null,
        OpenError = () => Stream.Null,
        InputIsTerminal = true,
        OutputIsTerminal = true,
        ErrorIsTerminal = true,
        TerminalSize = () => (Width, Height),
        Variable = name => name == "TERM" ? "xterm-256color" : null,
        WorkingFolder = Path.GetTempPath(),
        IsRoot = false,
    };
}
