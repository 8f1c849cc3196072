import primatomic
import struct
client = primatomic.Client("localhost:50051", credential="your-jwt-token")
# Allocate a 1MB memory region
region_id = await client.allocate_memory("myapp", "shared_buffer", size=1024*1024)
# Write structured data at specific offsets
header_data = struct.pack('!I', 42) # 4-byte integer
await client.write_memory("myapp", "shared_buffer", offset=0, data=header_data)
payload = b"Hello, distributed world!"
await client.write_memory("myapp", "shared_buffer", offset=4, data=payload)
# Read back the data
header_bytes = await client.read_memory("myapp", "shared_buffer", offset=0, length=4)
header_value = struct.unpack('!I', header_bytes)[0]
payload_bytes = await client.read_memory("myapp", "shared_buffer", offset=4, length=25)
print(f"Header: {header_value}, Payload: {payload_bytes.decode()}")
# Get region metadata
info = await client.describe_memory("myapp", "shared_buffer")
print(f"Region size: {info.size} bytes, used: {info.data_length} bytes")
