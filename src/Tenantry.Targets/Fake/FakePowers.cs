using System.Formats.Tar;
using System.Runtime.CompilerServices;
using System.Text;
using Tenantry.Model.Instances;
using Tenantry.Model.Plans;
using Tenantry.Targets.Abstractions;

namespace Tenantry.Targets.Fake;

/// <summary>The optional powers of a fake target, over its world.</summary>
internal sealed class FakePowers(FakeWorld world, TimeProvider time)
{
    private static readonly TimeSpan FollowInterval = TimeSpan.FromMilliseconds(10);

    public async IAsyncEnumerable<LogLine> ReadLogsAsync(InstanceRef instance, LogRequest request, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (request.Service is { } service && !world.Read(instance.Id, known => known?.Resources.Exists(resource => resource.Name == $"{instance.Slug}-{service}") == true))
            throw FakeScript.Failure($"'{instance.Slug}' has no service '{service}'.", retryable: false);
        var seen = 0;
        do
        {
            var lines = world.Read(instance.Id, known => known?.Log.Skip(seen).ToList() ?? []);
            var first = seen == 0 ? lines.Count - Math.Min(request.Tail ?? lines.Count, lines.Count) : 0;
            seen += lines.Count;
            foreach (var (at, from, text) in lines.Skip(first).Where(line => request.Service is null || line.Service == request.Service))
            {
                if (request.Since is null || at >= request.Since)
                    yield return new LogLine(at, from, false, text);
            }

            if (request.Follow)
                await Task.Delay(FollowInterval, cancellationToken);
        }
        while (request.Follow);
    }

    public InstanceStats ReadStats(InstanceRef instance) => world.Read(instance.Id, known => known is { State: ObservedState.Running or ObservedState.Frozen }
        ? new InstanceStats(time.GetUtcNow(), 0.1, 1 << 20, known.Limits?.MemoryBytes, 1, known.Data.Values.Sum(file => file.LongLength), 0, 0, 0)
        : throw NotRunning(instance));

    /// <summary>Understands what the contract suite's shell lines do: echo, exit, cat, sleep.</summary>
    public async Task<int> ExecAsync(InstanceRef instance, ExecRequest request, CancellationToken cancellationToken)
    {
        if (world.Read(instance.Id, known => known?.State) != ObservedState.Running)
            throw NotRunning(instance);
        foreach (var part in request.Command[^1].Split(';', StringSplitOptions.TrimEntries))
        {
            switch (part.Split(' ', 2))
            {
                case ["echo", var text] when text.EndsWith(" >&2", StringComparison.Ordinal):
                    await request.Error(Encoding.UTF8.GetBytes(text[..^4] + "\n"), cancellationToken);
                    break;
                case ["echo", var text]:
                    await request.Output(Encoding.UTF8.GetBytes(text + "\n"), cancellationToken);
                    break;
                case ["cat"]:
                    using (var all = new MemoryStream())
                    {
                        await request.Input.CopyToAsync(all, cancellationToken);
                        await request.Output(all.ToArray(), cancellationToken);
                    }

                    break;
                case ["sleep", _]:
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                    break;
                case ["exit", var code]:
                    return int.Parse(code);
                default:
                    break;
            }
        }

        return 0;
    }

    public async Task ExportAsync(InstanceRef instance, Stream output, CancellationToken cancellationToken)
    {
        await using var tar = new TarWriter(output, TarEntryFormat.Pax, leaveOpen: true);
        foreach (var (path, content) in world.Read(instance.Id, known => known?.Data.ToArray()) ?? [])
        {
            using var stream = new MemoryStream(content);
            await tar.WriteEntryAsync(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = stream }, cancellationToken);
        }
    }

    public async Task ImportAsync(InstanceRef instance, Stream input, CancellationToken cancellationToken)
    {
        if (world.Read(instance.Id, known => known?.State) != ObservedState.Stopped)
            throw FakeScript.Failure($"'{instance.Slug}' runs; put it to sleep before its data is replaced.", retryable: false);
        var volumes = world.Read(instance.Id, known => known!.Resources.Where(resource => resource.Kind == "volume")
            .Select(resource => resource.Name[(instance.Slug.Length + 1)..] + "/").ToList());
        var data = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        try
        {
            await using var tar = new TarReader(input);
            while (await tar.GetNextEntryAsync(copyData: true, cancellationToken) is { } entry)
            {
                if (!volumes.Exists(volume => entry.Name.StartsWith(volume, StringComparison.Ordinal)) || entry.Name.Split('/').Contains(".."))
                    throw new TargetException($"The archive has '{entry.Name}', which is in none of the volumes. Nothing was changed.", retryable: false, fault: TargetFault.Input);
                using var content = new MemoryStream();
                await (entry.DataStream ?? Stream.Null).CopyToAsync(content, cancellationToken);
                data[entry.Name] = content.ToArray();
            }
        }
        catch (Exception failure) when (failure is InvalidDataException or EndOfStreamException or FormatException)
        {
            throw new TargetException($"The archive is not a tar: {failure.Message} Nothing was changed.", false, cause: failure, fault: TargetFault.Input);
        }

        world.Change(instance, known =>
        {
            known.Data.Clear();
            foreach (var (path, content) in data)
                known.Data.Add(path, content);
        });
    }

    private static TargetException NotRunning(InstanceRef instance) => FakeScript.Failure($"'{instance.Slug}' does not run.", retryable: true);
}
