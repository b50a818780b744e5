using Microsoft.Extensions.Logging.Abstractions;
using Tenantry.Model.Instances;
using Tenantry.Model.Operations;
using Tenantry.Model.Plans;
using Tenantry.Server.Reconciling;
using Tenantry.Server.Store;
using Tenantry.Server.Tests.Store;
using Tenantry.Targets.Fake;

namespace Tenantry.Server.Tests.Reconciling.Histories;

/// <summary>
/// One short history, made from its seed: some tenants, two control planes that work on all of them at once, people who change their
/// minds, a target that fails, hangs, loses and lies, and processes that are killed or stand still. At its end the trouble stops, and
/// everything must come to be as it is wanted.
/// </summary>
internal sealed class History
{
    private const int Steps = 120;

    private readonly HistoryScene _scene;
    private readonly Random _random;
    private bool _isEnding;

    public History(int seed, IStore store, ManualTime time)
    {
        _scene = new HistoryScene(seed, store, time);
        _random = _scene.Random;
    }

    public async Task RunAsync()
    {
        try
        {
            for (var i = _random.Next(1, 4); i > 0; i--)
                await AddAsync();
            Start("a");
            Start("b");
            for (var step = 0; step < Steps; step++)
            {
                await StepAsync();
                _scene.Check();
            }
            _scene.Note("the trouble stops");
            _isEnding = true;
            _scene.Behave();
            foreach (var process in _scene.Processes)
                process.IsStalled = false;
            await new HistoryEnd(_scene).RunAsync();
        }
        catch (Exception failure)
        {
            throw new HistoryFailedException($"Seed {_scene.Seed}: {failure.Message}\n{_scene.Log}", failure);
        }
    }

    private async Task StepAsync()
    {
        switch (_random.Next(100))
        {
            case < 70:
                _scene.Note(_scene.Schedule.LetGo() ?? "nothing waits");
                break;
            case < 78:
                // The long ones are longer than a lease: timers of processes that live fire on their way, those of one that stands still do not.
                var by = TimeSpan.FromSeconds(_random.Next(3) == 0 ? _random.Next(30, 120) : _random.Next(1, 16));
                _scene.Note($"time: {by.TotalSeconds} s");
                _scene.Time.Advance(by);
                break;
            case < 84:
                await ChangeMindAsync();
                break;
            case < 90:
                Misbehave();
                break;
            case < 94:
                Damage();
                break;
            case < 97:
                Stall();
                break;
            default:
                Kill();
                break;
        }
    }

    private async Task AddAsync()
    {
        var slug = $"s{_scene.Seed}-{_scene.Ids.Count}";
        _scene.Note($"person: create {slug}");
        await _scene.Fleet.AddInstanceAsync(slug);
        _scene.Ids.Add($"id-{slug}");
    }

    private async Task ChangeMindAsync()
    {
        var id = _scene.Pick();
        if (await _scene.Store.FindInstanceAsync(id, CancellationToken.None) is not { } record || record.Spec.Desired == DesiredState.Deleted)
            return;
        var kind = _random.Next(8) switch
        {
            0 or 1 => OperationKind.Update,
            2 => OperationKind.Restart,
            3 => OperationKind.Freeze,
            4 => OperationKind.Sleep,
            5 or 6 => OperationKind.Wake,
            _ => OperationKind.Delete,
        };
        _scene.Note($"person: {kind} {record.Spec.Slug}");
        await _scene.Fleet.ChangeAsync(id, kind, spec => kind switch
        {
            OperationKind.Update => spec with { Tier = spec.Tier == "pro" ? "free" : "pro" },
            OperationKind.Restart => spec with { RestartNonce = spec.RestartNonce + 1 },
            OperationKind.Freeze => spec with { Desired = DesiredState.Frozen },
            OperationKind.Sleep => spec with { Desired = DesiredState.Asleep },
            OperationKind.Wake => spec with { Desired = DesiredState.Running },
            _ => spec with { Desired = DesiredState.Deleted },
        });
    }

    private void Misbehave()
    {
        var call = _random.Next(8) switch
        {
            0 => FakeCall.Observe,
            1 => FakeCall.Plan,
            2 => FakeCall.Delete,
            3 => FakeCall.Wake,
            4 => FakeCall.Stop,
            5 => FakeCall.Freeze,
            _ => FakeCall.Step,
        };
        FakeReaction reaction = _random.Next(7) switch
        {
            0 => new FakeReaction.Fail("It failed.", Retryable: true),
            1 => new FakeReaction.Fail("It cannot be.", Retryable: false),
            2 => new FakeReaction.FailAfter("The answer was lost."),
            3 => new FakeReaction.Hang(),
            4 => new FakeReaction.Vanish(),
            5 => new FakeReaction.Lie(),
            _ => new FakeReaction.Slow(TimeSpan.FromSeconds(_random.Next(1, 40))),
        };
        _scene.Note($"target: next {call} will {reaction}");
        _scene.Misbehave(call, reaction);
    }

    private void Damage()
    {
        var id = _scene.Pick();
        switch (_random.Next(3))
        {
            case 0:
                _scene.Note($"world: {id} vanishes {_scene.World.Vanish(id)}");
                break;
            case 1:
                _scene.Note($"world: the network of {id} is lost {_scene.World.Lose(id, new ResourceName("network", $"{id[3..]}-net"))}");
                break;
            default:
                _scene.Note($"world: {id} crashes");
                _scene.World.Crash(id, "exit code 3");
                break;
        }
    }

    // Not in the middle of a change outside: no lease can take back what a process that stands still has begun there.
    private void Stall()
    {
        var process = _scene.Processes[_random.Next(_scene.Processes.Count)];
        if (process.Changing > 0 && !process.IsStalled)
            return;
        process.IsStalled = !process.IsStalled;
        _scene.Note($"{process.Name}: {(process.IsStalled ? "stands still" : "goes on")}");
    }

    private void Kill()
    {
        var at = _random.Next(_scene.Processes.Count);
        var process = _scene.Processes[at];
        _scene.Note($"{process.Name}: killed");
        process.Kill();
        _scene.Schedule.Drop(process);
        process.Run.IsCompleted.ShouldBeTrue("a killed process ends");
        _scene.Processes.RemoveAt(at);
        Start(process.Name);
    }

    private void Start(string name)
    {
        var process = new FakeProcess(name);
        var store = GatedStore.Of(_scene.Store, _scene.Schedule, process, _scene.Fencing);
        var targets = _scene.Targets(store, made => new GatedTarget(made, _scene, process));
        // Killed and started again, it is the same node: the leases of its earlier run are freed at once.
        var reconciler = new Reconciler(
            store, targets, _scene.Workloads, new ChangeSignal(), _scene.Options with { Node = $"{_scene.Seed}-{name}" }, _scene.Time, NullLogger<Reconciler>.Instance);
        _scene.Processes.Add(process);
        process.Run = RunAsync(process, reconciler);
    }

    private async Task RunAsync(FakeProcess process, Reconciler reconciler)
    {
        try
        {
            await reconciler.TakeOverAsync(CancellationToken.None);
            while (!_isEnding)
            {
                await _scene.Schedule.TurnAsync(process, "begins");
                if (_random.Next(5) == 0)
                    await reconciler.LookAsync([.. _scene.Ids], CancellationToken.None);
                else
                    await reconciler.PassAsync(_scene.Pick(), CancellationToken.None);
            }
        }
        catch (ProcessDiedException)
        {
            // As intended.
        }
    }
}

/// <summary>Says the seed and everything that happened.</summary>
internal sealed class HistoryFailedException(string message, Exception cause) : Exception(message, cause);
