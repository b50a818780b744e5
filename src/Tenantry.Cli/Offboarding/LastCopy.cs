using System.Net;
using Tenantry.Cli.Running;
using Tenantry.Cli.Writing;
using Tenantry.Client;
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
            catch (TenantryException failed)
            {
                var failure = Failure.Of(failed)!;
                throw new CliException(failure.ExitCode, $"{failed.Message} Nothing was deleted.", failure.Fix, failed.Errors);
            }

            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            call.Output.Line($"Wrote {file}: {Words.Bytes(new FileInfo(file).Length)}.");
            files.Add(file);
        }

        return files;
    }
}
