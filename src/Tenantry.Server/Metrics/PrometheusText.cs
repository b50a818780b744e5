using System.Globalization;
using System.Text;

namespace Tenantry.Server.Metrics;

/// <summary>Writes metrics in Prometheus' text format (version 0.0.4).</summary>
public sealed class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";
    private readonly StringBuilder text = new();

    /// <summary>Begins a metric; its samples follow.</summary>
    public void Begin(string name, string kind, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", @"\n", StringComparison.Ordinal)).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');

    /// <summary>One sample with its labels.</summary>
    public void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
    {
        text.Append(name);
        for (var i = 0; i < labels.Length; i++)
        {
            text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"");
            AppendEscaped(labels[i].Value);
            text.Append('"');
        }
        text.Append(labels.Length == 0 ? " " : "} ").Append(Number(value)).Append('\n');
    }

    /// <summary>A metric with one sample and no label.</summary>
    public void Single(string name, string kind, string help, double value)
    {
        Begin(name, kind, help);
        Sample(name, value);
    }

    /// <summary>Text that another process wrote in this format.</summary>
    public void Append(string other) => text.Append(other);

    public override string ToString() => text.ToString();

    internal static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf" : value.ToString("R", CultureInfo.InvariantCulture);

    private void AppendEscaped(string value)
    {
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '"' => text.Append("\\\""),
                '\n' => text.Append(@"\n"),
                _ => text.Append(c),
            };
        }
    }
}

/// <summary>A part of the program that has something to count.</summary>
public interface IMetricSource
{
    /// <summary>Writes what it has counted so far.</summary>
    ValueTask WriteAsync(PrometheusText text, CancellationToken cancellationToken);
}
