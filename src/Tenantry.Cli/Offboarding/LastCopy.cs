using System.Net;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
using Tenantry.Model.Instances;
using Tenantry.Targets.Linux;

namespace Tenantry.Cli.Offboarding;

/// <summary>A tar of each instance's data in a folder, whole or not at all. Nothing is deleted before all are there.</summary>
internal static class LastCopy
{
    /// <summary>The files that were written.</summary>
    public static async Task<IReadOnlyList<string>> WriteAsync(Call call, IReadOnlyList<string> slugs, string folder)
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

            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            call.Output.Line($"Wrote {file}: {Words.Bytes(new FileInfo(file).Length)}.");
            files.Add(file);
        }

        return files;
    }

    private static async Task<bool> IsBeingDeletedAsync(Call call, string slug) =>
        await call.Client.Instances.FindAsync(slug, call.CancellationToken) is null or { Desired: DesiredState.Deleted };
}
