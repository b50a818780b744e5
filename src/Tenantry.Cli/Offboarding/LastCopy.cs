using System.Net;
using Tenantry.Cli.Running;
using Tenantry.Cli.Waiting;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Model.Wire;
using Tenantry.Targets.Linux;

namespace Tenantry.Cli.Offboarding;

/// <summary>
/// A tar of each instance's data in a folder, whole or not at all. Nothing is deleted before all are there. An instance is stopped first and stays down, so that
/// nothing is written after its copy; where a copy fails, all run again that ran.
/// </summary>
internal static class LastCopy
{
    /// <summary>The files that were written.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(Call call, IReadOnlyList<string> slugs, string folder, TimeSpan timeout)
    {
        var stopped = new List<InstanceDetailResponse>();
        try
        {
            return await WriteAsync(call, slugs, folder, slug => StopAsync(call, slug, timeout, stopped));
        }
        catch
        {
            var calm = call.Uninterrupted();
            foreach (var instance in stopped)
                await RunAgainAsync(calm, instance);
            throw;
        }
    }

    private static async Task StopAsync(Call call, string slug, TimeSpan timeout, List<InstanceDetailResponse> stopped)
    {
        if (await call.Client.Instances.FindAsync(slug, call.CancellationToken) is not { Hold: not InstanceHold.Down } instance)
            return;
        stopped.Add(instance);
        call.Output.Note($"{slug} is stopped for the copy of its data.");
        if ((await call.Client.Instances.Hold(slug, down: true).SendAsync(call.CancellationToken)).Operation is { } operation)
            await call.WaitAsync(operation, timeout);
    }

    private static async Task RunAgainAsync(Call calm, InstanceDetailResponse instance)
    {
        try
        {
            await (instance.Hold == InstanceHold.Awake ? calm.Client.Instances.Hold(instance.Slug) : calm.Client.Instances.Release(instance.Slug)).SendAsync(CancellationToken.None);
            if (instance.Desired == DesiredState.Running)
                await calm.Client.Instances.Wake(instance.Slug).SendAsync(CancellationToken.None);
        }
        catch (Exception failed) when (failed is TenantryException or TenantryUnavailableException)
        {
            calm.Output.Note($"note: {instance.Slug} is still held down: 'tenantry release {instance.Slug}' and 'tenantry wake {instance.Slug}' bring it back. {failed.Message}");
        }
    }

    private static async Task<IReadOnlyList<string>> WriteAsync(Call call, IReadOnlyList<string> slugs, string folder, Func<string, Task> stop)
    {
        var full = call.Host.FullPath(folder);
        try
        {
            Directory.CreateDirectory(full, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.Usage, $"The folder {folder} cannot be made: {failure.Message} Nothing was deleted.");
        }

        var files = new List<string>();
        foreach (var slug in slugs)
        {
            var file = Path.Combine(full, $"{slug}.tar");
            if (await IsBeingDeletedAsync(call, slug))
            {
                // An earlier run deleted after it had written the copy, and was interrupted or ran out of time.
                if (!File.Exists(file))
                    throw new CliException(ExitCode.Failed, $"{slug} is being deleted since an earlier run: no copy of its data can be made any more, and there is none at {file}.", "Name the folder of that run, or say --no-backup to see the deletion to its end.");
                call.Output.Line($"{slug} is being deleted since an earlier run; the copy of its data that was made before is {file}.");
                files.Add(file);
                continue;
            }

            if (File.Exists(file))
                throw new CliException(ExitCode.Usage, $"{file} is there already. Nothing was deleted.", "Name another folder, or move it away.");
            try
            {
                await stop(slug);
                await AtomicFile.WriteAsync(file, output => call.Client.Instances.ExportDataAsync(slug, output, call.CancellationToken), durable: true);
            }
            catch (TenantryException refused) when (refused.Status == HttpStatusCode.NotImplemented)
            {
                throw new CliException(ExitCode.Failed, $"{refused.Message} Nothing was deleted.", "Say --no-backup to go on without a copy.");
            }
            catch (Exception failed) when (failed is TenantryException or TenantryUnavailableException or IOException or OperationCanceledException)
            {
                var failure = Failure.Of(failed)!;
                throw new CliException(failure.ExitCode, $"{failure.Message} The copy of {slug} is not whole and was removed. Nothing was deleted.", failure.Fix, failure.Errors);
            }

            // Not a copy that looks like one and holds nothing.
            if (new FileInfo(file).Length == 0)
            {
                File.Delete(file);
                call.Output.Line($"{slug} has no volumes: there is nothing to copy.");
                continue;
            }

            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            call.Output.Line($"Wrote {file}: {Words.Bytes(new FileInfo(file).Length)}.");
            files.Add(file);
        }

        return files;
    }

    private static async Task<bool> IsBeingDeletedAsync(Call call, string slug) =>
        await call.Client.Instances.FindAsync(slug, call.CancellationToken) is null or { Desired: DesiredState.Deleted };
}
