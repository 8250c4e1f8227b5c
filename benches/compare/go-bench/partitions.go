package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
)

// modePartitions stands in place of a client: go-bench partitions COUNT...
const modePartitions = "partitions"

// saramaPartitioners choose by key, in the order in which printPartitions has them.
var saramaPartitioners = []sarama.PartitionerConstructor{
	sarama.NewHashPartitioner,
	sarama.NewReferenceHashPartitioner,
	sarama.NewCustomHashPartitioner(crc32.NewIEEE),
	sarama.NewConsistentCRCHashPartitioner,
	sarama.NewMurmur2Partitioner,
}

// kafkaGoBalancers choose by key, and come after sarama's.
var kafkaGoBalancers = []kafka.Balancer{
	&kafka.Hash{},
	&kafka.ReferenceHash{},
	kafka.CRC32Balancer{},
	kafka.CRC32Balancer{Consistent: true},
	kafka.Murmur2Balancer{},
}

// printPartitions reads a key in hex from each line of stdin, and prints a line of the partitions that each partitioner
// chooses for it: those of the first among so many partitions, and so many, then those of the second.
func printPartitions(arguments []string) {
	counts := make([]int, len(arguments))
	for i, a := range arguments {
		n, err := strconv.Atoi(a)
		if err != nil || n <= 0 {
			usageExit(fmt.Sprintf("not a number of partitions: %q", a))
		}
		counts[i] = n
	}
	partitioners := make([]sarama.Partitioner, len(saramaPartitioners))
	for i, make := range saramaPartitioners {
		partitioners[i] = make("topic")
	}
	lines, out := bufio.NewScanner(os.Stdin), bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		key, err := hex.DecodeString(lines.Text())
		if err != nil {
			fatal("key", err)
		}
		for _, p := range partitioners {
			for _, n := range counts {
				chosen, err := p.Partition(&sarama.ProducerMessage{Key: sarama.ByteEncoder(key)}, int32(n))
				if err != nil {
					fatal("partitioner", err)
				}
				fmt.Fprintf(out, "%d ", chosen)
			}
		}
		for _, b := range kafkaGoBalancers {
			for _, n := range counts {
				all := make([]int, n)
				for i := range all {
					all[i] = i
				}
				fmt.Fprintf(out, "%d ", b.Balance(kafka.Message{Key: key}, all...))
			}
		}
		fmt.Fprintln(out)
	}
	if err := lines.Err(); err != nil {
		fatal("keys", err)
	}
	if err := out.Flush(); err != nil {
		fatal("output", err)
	}
}
